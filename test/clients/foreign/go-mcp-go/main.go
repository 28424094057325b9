// mcp-go as a client of the gateway: initialize, list, call, read.
package main

import (
	"context"
	"encoding/json"
	"log"
	"os"

	"github.com/mark3labs/mcp-go/client"
	"github.com/mark3labs/mcp-go/client/transport"
	"github.com/mark3labs/mcp-go/mcp"
)

func must[T any](value T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return value
}

func main() {
	ctx := context.Background()
	headers := map[string]string{"Authorization": "Bearer " + os.Getenv("SALLYPORT_TOKEN")}
	session := must(client.NewStreamableHttpClient(os.Getenv("SALLYPORT_URL"), transport.WithHTTPHeaders(headers)))
	if err := session.Start(ctx); err != nil {
		log.Fatal(err)
	}
	start := mcp.InitializeRequest{}
	start.Params.ProtocolVersion = mcp.LATEST_PROTOCOL_VERSION
	start.Params.ClientInfo = mcp.Implementation{Name: "foreign-mcp-go", Version: "1"}
	started := must(session.Initialize(ctx, start))
	tools := must(session.ListTools(ctx, mcp.ListToolsRequest{}))
	call := mcp.CallToolRequest{}
	call.Params.Name = "echo"
	call.Params.Arguments = map[string]any{"message": "hi"}
	answer := must(session.CallTool(ctx, call))
	resources := must(session.ListResources(ctx, mcp.ListResourcesRequest{}))
	wanted := mcp.ReadResourceRequest{}
	wanted.Params.URI = resources.Resources[0].URI
	must(session.ReadResource(ctx, wanted))
	seen := map[string]any{
		"protocol": started.ProtocolVersion,
		"tools":    len(tools.Tools),
		"answer":   answer.Content[0].(mcp.TextContent).Text,
		"read":     wanted.Params.URI,
	}
	if err := session.Close(); err != nil {
		log.Fatal(err)
	}
	_ = json.NewEncoder(os.Stdout).Encode(seen)
}
