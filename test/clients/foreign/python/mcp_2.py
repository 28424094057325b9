"""The official Python SDK, second generation, as a client of the gateway."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
import httpx2
from endpoint import COMMAND, ENVIRONMENT, FOR_MINUTES, HEADERS, LONG, PROGRESS_TIMEOUT_S, SHORTLY, URL
from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp.client.streamable_http import streamable_http_client


@asynccontextmanager
async def connect() -> AsyncIterator[Client]:
    if COMMAND:
        server = StdioServerParameters(command=COMMAND[0], args=COMMAND[1:], env=ENVIRONMENT)
        async with Client(stdio_client(server)) as client:
            yield client
    else:
        async with httpx2.AsyncClient(headers=HEADERS, timeout=60) as http:
            async with Client(streamable_http_client(URL, http_client=http)) as client:
                yield client


async def cancel_at_first_progress(client: Client) -> None:
    progressed = anyio.Event()

    async def on_progress(*_: object) -> None:
        progressed.set()

    async def call() -> None:
        await client.call_tool(LONG, FOR_MINUTES, progress_callback=on_progress)

    async with anyio.create_task_group() as group:
        group.start_soon(call)
        with anyio.fail_after(PROGRESS_TIMEOUT_S):
            await progressed.wait()
        group.cancel_scope.cancel()


async def main() -> None:
    async with connect() as client:
        tools = await client.list_tools()
        answer = await client.call_tool("echo", {"message": "hi"})
        resources = await client.list_resources()
        read = await client.read_resource(resources.resources[0].uri)
        steps = []

        async def on_progress(progress: float, *_: object) -> None:
            steps.append(progress)

        await client.call_tool(LONG, SHORTLY, progress_callback=on_progress)
        await cancel_at_first_progress(client)
        after = await client.call_tool("echo", {"message": "hi"})
        seen = {
            "protocol": client.protocol_version,
            "tools": len(tools.tools),
            "answer": answer.content[0].text,
            "read": str(read.contents[0].uri),
            "progress": len(steps),
            "cancelled": True,
            "after": after.content[0].text,
        }
    print(json.dumps(seen))


anyio.run(main)
