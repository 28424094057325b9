//! rmcp as a client of the gateway: initialize, list, call, read.
use std::{env, error::Error};

use rmcp::{
    ServiceExt,
    model::{CallToolRequestParams, ReadResourceRequestParams},
    transport::{StreamableHttpClientTransport, streamable_http_client::StreamableHttpClientTransportConfig},
};
use serde_json::{json, to_value};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let config = StreamableHttpClientTransportConfig::with_uri(env::var("SALLYPORT_URL")?)
        .auth_header(env::var("SALLYPORT_TOKEN")?);
    let client = ().serve(StreamableHttpClientTransport::from_config(config)).await?;
    let tools = client.list_all_tools().await?;
    let arguments = json!({ "message": "hi" }).as_object().cloned().unwrap_or_default();
    let called = client.call_tool(CallToolRequestParams::new("echo").with_arguments(arguments)).await?;
    let resources = client.list_all_resources().await?;
    let uri = to_value(&resources)?[0]["uri"].as_str().unwrap_or_default().to_owned();
    let read = client.read_resource(ReadResourceRequestParams::new(uri)).await?;
    let seen = json!({
        "protocol": to_value(client.peer_info())?["protocolVersion"],
        "tools": tools.len(),
        "answer": to_value(&called)?["content"][0]["text"],
        "read": to_value(&read)?["contents"][0]["uri"],
    });
    client.cancel().await?;
    println!("{seen}");
    Ok(())
}
