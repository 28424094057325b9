// The official Go SDK as a client of the gateway: initialize, list, call, read, progress, cancellation.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"log"
	"net/http"
	"os"
	"os/exec"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

const long = "trigger-long-running-operation"

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

func transport() mcp.Transport {
	if command := os.Args[1:]; len(command) > 0 {
		return &mcp.CommandTransport{Command: exec.Command(command[0], command[1:]...)}
	}
	return &mcp.StreamableClientTransport{
		Endpoint:   os.Getenv("SALLYPORT_URL"),
		HTTPClient: &http.Client{Transport: withToken{os.Getenv("SALLYPORT_TOKEN")}},
	}
}

func echo(ctx context.Context, session *mcp.ClientSession) string {
	arguments := map[string]any{"message": "hi"}
	answer := must(session.CallTool(ctx, &mcp.CallToolParams{Name: "echo", Arguments: arguments}))
	return answer.Content[0].(*mcp.TextContent).Text
}

// Counts what arrives until there are so many, or a minute has passed.
func count(progress <-chan any, wanted int) int {
	late := time.After(time.Minute)
	for seen := range wanted {
		select {
		case <-progress:
		case <-late:
			return seen
		}
	}
	return wanted
}

// Whether a call ended by its context when it had been cancelled at its first progress.
func cancels(session *mcp.ClientSession, progress <-chan any) bool {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go func() {
		count(progress, 1)
		cancel()
	}()
	endless := &mcp.CallToolParams{Name: long, Arguments: map[string]any{"duration": 600, "steps": 6000}}
	endless.SetProgressToken("endless")
	_, err := session.CallTool(ctx, endless)
	return errors.Is(err, context.Canceled)
}

func main() {
	ctx := context.Background()
	progress := make(chan any, 10_000)
	client := mcp.NewClient(&mcp.Implementation{Name: "foreign-go", Version: "1"}, &mcp.ClientOptions{
		ProgressNotificationHandler: func(context.Context, *mcp.ProgressNotificationClientRequest) { progress <- nil },
	})
	session := must(client.Connect(ctx, transport(), nil))
	tools := must(session.ListTools(ctx, nil))
	answer := echo(ctx, session)
	resources := must(session.ListResources(ctx, nil))
	read := must(session.ReadResource(ctx, &mcp.ReadResourceParams{URI: resources.Resources[0].URI}))
	short := &mcp.CallToolParams{Name: long, Arguments: map[string]any{"duration": 1, "steps": 5}}
	short.SetProgressToken("short")
	must(session.CallTool(ctx, short))
	seen := map[string]any{
		"protocol":  session.InitializeResult().ProtocolVersion,
		"tools":     len(tools.Tools),
		"answer":    answer,
		"read":      read.Contents[0].URI,
		"progress":  count(progress, 5),
		"cancelled": cancels(session, progress),
		"after":     echo(ctx, session),
	}
	if err := session.Close(); err != nil {
		log.Fatal(err)
	}
	_ = json.NewEncoder(os.Stdout).Encode(seen)
}
