//! rmcp as a client of the gateway: initialize, list, call, read, progress, cancellation.
use std::{env, error::Error, sync::Arc, time::Duration};

use rmcp::{
    ClientHandler, RoleClient,
    model::{
        CallToolRequestParams, ClientRequest, JsonObject, ProgressNotificationParam, ProtocolVersion,
        ReadResourceRequestParams, Request,
    },
    service::{ClientLifecycleMode, ClientServiceExt, NotificationContext, PeerRequestOptions, RunningService},
    transport::{
        StreamableHttpClientTransport, TokioChildProcess, streamable_http_client::StreamableHttpClientTransportConfig,
    },
};
use serde_json::{Value, json, to_value};
use tokio::{process::Command, sync::Semaphore, time::timeout};

const LONG: &str = "trigger-long-running-operation";
const PROGRESS_TIMEOUT: Duration = Duration::from_secs(60);

/// Counts notifications of progress.
#[derive(Clone)]
struct Counter(Arc<Semaphore>);

impl ClientHandler for Counter {
    async fn on_progress(&self, _params: ProgressNotificationParam, _context: NotificationContext<RoleClient>) {
        self.0.add_permits(1);
    }
}

impl Counter {
    /// Waits until so many have arrived since the last time.
    async fn take(&self, count: u32) -> Result<u32, Box<dyn Error>> {
        timeout(PROGRESS_TIMEOUT, self.0.acquire_many(count)).await??.forget();
        Ok(count)
    }
}

type Session = RunningService<RoleClient, Counter>;

fn call(name: &'static str, arguments: Value) -> CallToolRequestParams {
    let arguments: JsonObject = arguments.as_object().cloned().unwrap_or_default();
    CallToolRequestParams::new(name).with_arguments(arguments)
}

async fn echo(session: &Session) -> Result<Value, Box<dyn Error>> {
    let called = session.call_tool(call("echo", json!({ "message": "hi" }))).await?;
    Ok(to_value(&called)?["content"][0]["text"].clone())
}

fn lifecycle() -> ClientLifecycleMode {
    if env::var("RMCP_LIFECYCLE").is_ok() {
        return ClientLifecycleMode::Discover { preferred_versions: vec![ProtocolVersion::V_2026_07_28] };
    }
    ClientLifecycleMode::Initialize
}

/// Over standard input and output of the command that is given, or to the address in the environment.
async fn connect(counter: Counter) -> Result<Session, Box<dyn Error>> {
    let mut command = env::args().skip(1);
    if let Some(program) = command.next() {
        let mut child = Command::new(program);
        child.args(command);
        return Ok(counter.serve_with_lifecycle(TokioChildProcess::new(child)?, lifecycle()).await?);
    }
    let config = StreamableHttpClientTransportConfig::with_uri(env::var("SALLYPORT_URL")?)
        .auth_header(env::var("SALLYPORT_TOKEN")?);
    Ok(counter.serve_with_lifecycle(StreamableHttpClientTransport::from_config(config), lifecycle()).await?)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let counter = Counter(Arc::new(Semaphore::new(0)));
    let session = connect(counter.clone()).await?;
    let tools = session.list_all_tools().await?;
    let answer = echo(&session).await?;
    let resources = session.list_all_resources().await?;
    let uri = to_value(&resources)?[0]["uri"].as_str().unwrap_or_default().to_owned();
    let read = session.read_resource(ReadResourceRequestParams::new(uri)).await?;
    session.call_tool(call(LONG, json!({ "duration": 1, "steps": 5 }))).await?;
    let progress = counter.take(5).await?;
    let endless = Request::new(call(LONG, json!({ "duration": 600, "steps": 6000 })));
    let request = ClientRequest::CallToolRequest(endless);
    let handle = session.send_cancellable_request(request, PeerRequestOptions::no_options()).await?;
    counter.take(1).await?;
    handle.cancel(Some("enough".to_owned())).await?;
    let seen = json!({
        "protocol": to_value(session.peer_info())?["protocolVersion"],
        "tools": tools.len(),
        "answer": answer,
        "read": to_value(&read)?["contents"][0]["uri"],
        "progress": progress,
        "cancelled": true,
        "after": echo(&session).await?,
    });
    session.cancel().await?;
    println!("{seen}");
    Ok(())
}
