import io.modelcontextprotocol.client.McpClient;
import io.modelcontextprotocol.client.transport.HttpClientStreamableHttpTransport;
import io.modelcontextprotocol.spec.McpSchema;
import java.net.URI;
import java.util.Map;

/** The official Java SDK as a client of the gateway: initialize, list, call, read. */
public class Main {
    public static void main(String[] arguments) {
        var url = URI.create(System.getenv("SALLYPORT_URL"));
        var bearer = "Bearer " + System.getenv("SALLYPORT_TOKEN");
        var transport = HttpClientStreamableHttpTransport.builder(url.resolve("/").toString())
            .endpoint(url.getPath())
            .httpRequestCustomizer((request, method, uri, body, context) -> request.header("Authorization", bearer))
            .build();
        try (var client = McpClient.sync(transport).build()) {
            var protocol = client.initialize().protocolVersion();
            var tools = client.listTools().tools();
            var called = client.callTool(new McpSchema.CallToolRequest("echo", Map.of("message", "hi")));
            var answer = ((McpSchema.TextContent) called.content().get(0)).text();
            var read = client.readResource(client.listResources().resources().get(0)).contents().get(0).uri();
            System.out.printf(
                "{\"protocol\":\"%s\",\"tools\":%d,\"answer\":\"%s\",\"read\":\"%s\"}%n",
                protocol, tools.size(), answer, read);
        }
    }
}
