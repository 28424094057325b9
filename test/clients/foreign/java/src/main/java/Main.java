import io.modelcontextprotocol.client.McpClient;
import io.modelcontextprotocol.client.McpSyncClient;
import io.modelcontextprotocol.client.transport.HttpClientStreamableHttpTransport;
import io.modelcontextprotocol.client.transport.ServerParameters;
import io.modelcontextprotocol.client.transport.StdioClientTransport;
import io.modelcontextprotocol.json.McpJsonDefaults;
import io.modelcontextprotocol.spec.McpClientTransport;
import io.modelcontextprotocol.spec.McpSchema.CallToolRequest;
import io.modelcontextprotocol.spec.McpSchema.TextContent;
import java.net.URI;
import java.time.Duration;
import java.util.Arrays;
import java.util.Map;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/** The official Java SDK as a client of the gateway: initialize, list, call, read, progress. It cannot cancel. */
public class Main {
    private static final int STEPS = 5;

    private static McpClientTransport transport(String[] command) {
        var token = System.getenv("SALLYPORT_TOKEN");
        if (command.length > 0) {
            var server = ServerParameters.builder(command[0])
                .args(Arrays.asList(command).subList(1, command.length))
                .addEnvVar("SALLYPORT_TOKEN", token)
                .build();
            return new StdioClientTransport(server, McpJsonDefaults.getMapper());
        }
        var url = URI.create(System.getenv("SALLYPORT_URL"));
        return HttpClientStreamableHttpTransport.builder(url.resolve("/").toString())
            .endpoint(url.getPath())
            .httpRequestCustomizer((request, method, uri, body, context) ->
                request.header("Authorization", "Bearer " + token))
            .build();
    }

    private static String echo(McpSyncClient client) {
        var called = client.callTool(CallToolRequest.builder("echo").arguments(Map.of("message", "hi")).build());
        return ((TextContent) called.content().get(0)).text();
    }

    public static void main(String[] command) throws InterruptedException {
        var progress = new Semaphore(0);
        var spec = McpClient.sync(transport(command))
            .initializationTimeout(Duration.ofMinutes(2))
            .requestTimeout(Duration.ofMinutes(2))
            .progressConsumer(notification -> progress.release());
        try (var client = spec.build()) {
            var protocol = client.initialize().protocolVersion();
            var tools = client.listTools().tools();
            var answer = echo(client);
            var read = client.readResource(client.listResources().resources().get(0)).contents().get(0).uri();
            client.callTool(CallToolRequest.builder("trigger-long-running-operation")
                .arguments(Map.of("duration", 1, "steps", STEPS))
                .progressToken("short")
                .build());
            var counted = progress.tryAcquire(STEPS, 1, TimeUnit.MINUTES) ? STEPS : progress.availablePermits();
            System.out.printf(
                "{\"protocol\":\"%s\",\"tools\":%d,\"answer\":\"%s\",\"read\":\"%s\",\"progress\":%d,\"after\":\"%s\"}%n",
                protocol, tools.size(), answer, read, counted, echo(client));
        }
    }
}
