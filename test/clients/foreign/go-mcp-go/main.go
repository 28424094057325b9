// mcp-go as a client of the gateway: initialize, list, call, read, progress, cancellation.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"log"
	"os"
	"time"

	"github.com/mark3labs/mcp-go/client"
	"github.com/mark3labs/mcp-go/client/transport"
	"github.com/mark3labs/mcp-go/mcp"
)

const long = "trigger-long-running-operation"

func must[T any](value T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return value
}

func connect(ctx context.Context) *client.Client {
	session := open(os.Getenv("SALLYPORT_TOKEN"))
	// Also where the transport has been started, because this is what listens for notifications.
	if err := session.Start(ctx); err != nil {
		log.Fatal(err)
	}
	return session
}

func open(token string) *client.Client {
	if command := os.Args[1:]; len(command) > 0 {
		return must(client.NewStdioMCPClient(command[0], []string{"SALLYPORT_TOKEN=" + token}, command[1:]...))
	}
	headers := map[string]string{"Authorization": "Bearer " + token}
	return must(client.NewStreamableHttpClient(os.Getenv("SALLYPORT_URL"), transport.WithHTTPHeaders(headers)))
}

func request(name string, arguments map[string]any) mcp.CallToolRequest {
	call := mcp.CallToolRequest{}
	call.Params.Name = name
	call.Params.Arguments = arguments
	call.Params.Meta = &mcp.Meta{ProgressToken: name}
	return call
}

func echo(ctx context.Context, session *client.Client) string {
	answer := must(session.CallTool(ctx, request("echo", map[string]any{"message": "hi"})))
	return answer.Content[0].(mcp.TextContent).Text
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
func cancels(session *client.Client, progress <-chan any) bool {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go func() {
		count(progress, 1)
		cancel()
	}()
	_, err := session.CallTool(ctx, request(long, map[string]any{"duration": 600, "steps": 6000}))
	return errors.Is(err, context.Canceled)
}

func main() {
	ctx := context.Background()
	session := connect(ctx)
	progress := make(chan any, 10_000)
	session.OnNotification(func(notification mcp.JSONRPCNotification) {
		if notification.Method == "notifications/progress" {
			progress <- nil
		}
	})
	start := mcp.InitializeRequest{}
	start.Params.ProtocolVersion = mcp.LATEST_PROTOCOL_VERSION
	start.Params.ClientInfo = mcp.Implementation{Name: "foreign-mcp-go", Version: "1"}
	started := must(session.Initialize(ctx, start))
	tools := must(session.ListTools(ctx, mcp.ListToolsRequest{}))
	answer := echo(ctx, session)
	resources := must(session.ListResources(ctx, mcp.ListResourcesRequest{}))
	wanted := mcp.ReadResourceRequest{}
	wanted.Params.URI = resources.Resources[0].URI
	must(session.ReadResource(ctx, wanted))
	must(session.CallTool(ctx, request(long, map[string]any{"duration": 1, "steps": 5})))
	seen := map[string]any{
		"protocol":  started.ProtocolVersion,
		"tools":     len(tools.Tools),
		"answer":    answer,
		"read":      wanted.Params.URI,
		"progress":  count(progress, 5),
		"cancelled": cancels(session, progress),
		"after":     echo(ctx, session),
	}
	if err := session.Close(); err != nil {
		log.Fatal(err)
	}
	_ = json.NewEncoder(os.Stdout).Encode(seen)
}
