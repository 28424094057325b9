-- One tools/call per request, each with a JSON-RPC id of its own. Environment: SIZE, ERA, TOKEN, SESSION, TOOL.
local size, era = os.getenv("SIZE"), os.getenv("ERA")
local token, session = os.getenv("TOKEN"), os.getenv("SESSION")
local text = string.rep("a", math.min(tonumber(size), 65536))
local counter = 0
local threads = 0

function setup(thread)
  thread:set("worker", threads)
  threads = threads + 1
end

function init(args)
  local version = era == "modern" and "2026-07-28" or "2025-11-25"
  wrk.method = "POST"
  wrk.headers["Content-Type"] = "application/json"
  wrk.headers["Accept"] = "application/json, text/event-stream"
  wrk.headers["MCP-Protocol-Version"] = version
  if token and token ~= "" then wrk.headers["Authorization"] = "Bearer " .. token end
  if era == "modern" then
    wrk.headers["Mcp-Method"] = "tools/call"
    wrk.headers["Mcp-Name"] = "echo"
    meta = ',"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}'
  else
    if session and session ~= "" then wrk.headers["Mcp-Session-Id"] = session end
    meta = ""
  end
end

function request()
  counter = counter + 1
  local id = worker * 100000000 + counter
  return wrk.format(nil, nil, nil, '{"jsonrpc":"2.0","id":' .. id ..
    ',"method":"tools/call","params":{"name":"echo","arguments":{"text":"' .. text .. '","size":' .. size .. '}' .. meta .. '}}')
end

function done(summary, latency, requests)
  local errors = summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.status + summary.errors.timeout
  io.write(string.format('\nRESULT {"requests":%d,"seconds":%f,"errors":%d,"p50":%f,"p99":%f,"max":%f}\n',
    summary.requests, summary.duration / 1e6, errors,
    latency:percentile(50) / 1e3, latency:percentile(99) / 1e3, latency.max / 1e3))
end
