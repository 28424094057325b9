// The official Go SDK as a client of the gateway: initialize, list, call, read.
package main

import (
	"context"
	"encoding/json"
	"log"
	"net/http"
	"os"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

type withToken struct{ token string }

func (t withToken) RoundTrip(request *http.Request) (*http.Response, error) {
	request = request.Clone(request.Context())
	request.Header.Set("Authorization", "Bearer "+t.token)
	return http.DefaultTransport.RoundTrip(request)
}

func must[T any](value T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return value
}

func main() {
	ctx := context.Background()
	transport := &mcp.StreamableClientTransport{
		Endpoint:   os.Getenv("SALLYPORT_URL"),
		HTTPClient: &http.Client{Transport: withToken{os.Getenv("SALLYPORT_TOKEN")}},
	}
	client := mcp.NewClient(&mcp.Implementation{Name: "foreign-go", Version: "1"}, nil)
	session := must(client.Connect(ctx, transport, nil))
	tools := must(session.ListTools(ctx, nil))
	arguments := map[string]any{"message": "hi"}
	answer := must(session.CallTool(ctx, &mcp.CallToolParams{Name: "echo", Arguments: arguments}))
	resources := must(session.ListResources(ctx, nil))
	read := must(session.ReadResource(ctx, &mcp.ReadResourceParams{URI: resources.Resources[0].URI}))
	seen := map[string]any{
		"protocol": session.InitializeResult().ProtocolVersion,
		"tools":    len(tools.Tools),
		"answer":   answer.Content[0].(*mcp.TextContent).Text,
		"read":     read.Contents[0].URI,
	}
	if err := session.Close(); err != nil {
		log.Fatal(err)
	}
	_ = json.NewEncoder(os.Stdout).Encode(seen)
}
