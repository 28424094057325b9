"""The official Python SDK, first generation, as a client of the gateway."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
from endpoint import COMMAND, ENVIRONMENT, FOR_MINUTES, HEADERS, LONG, PROGRESS_TIMEOUT_S, SHORTLY, URL
from mcp import ClientSession, StdioServerParameters, types
from mcp.client.stdio import stdio_client
from mcp.client.streamable_http import streamablehttp_client


@asynccontextmanager
async def connect() -> AsyncIterator[ClientSession]:
    if COMMAND:
        server = StdioServerParameters(command=COMMAND[0], args=COMMAND[1:], env=ENVIRONMENT)
        async with stdio_client(server) as (receive, send), ClientSession(receive, send) as session:
            yield session
    else:
        async with streamablehttp_client(URL, headers=HEADERS) as (receive, send, _):
            async with ClientSession(receive, send) as session:
                yield session


async def cancel_at_first_progress(session: ClientSession) -> None:
    progressed = anyio.Event()

    async def on_progress(*_: object) -> None:
        progressed.set()

    # The library tells nobody the identifier of a request.
    request_id = session._request_id

    async def call() -> None:
        await session.call_tool(LONG, FOR_MINUTES, progress_callback=on_progress)

    async with anyio.create_task_group() as group:
        group.start_soon(call)
        with anyio.fail_after(PROGRESS_TIMEOUT_S):
            await progressed.wait()
        cancelled = types.CancelledNotification(
            method="notifications/cancelled",
            params=types.CancelledNotificationParams(requestId=request_id, reason="enough"),
        )
        await session.send_notification(types.ClientNotification(cancelled))
        group.cancel_scope.cancel()


async def main() -> None:
    async with connect() as session:
        started = await session.initialize()
        tools = await session.list_tools()
        answer = await session.call_tool("echo", {"message": "hi"})
        resources = await session.list_resources()
        read = await session.read_resource(resources.resources[0].uri)
        steps = []

        async def on_progress(progress: float, *_: object) -> None:
            steps.append(progress)

        await session.call_tool(LONG, SHORTLY, progress_callback=on_progress)
        await cancel_at_first_progress(session)
        after = await session.call_tool("echo", {"message": "hi"})
        seen = {
            "protocol": started.protocolVersion,
            "tools": len(tools.tools),
            "answer": answer.content[0].text,
            "read": str(read.contents[0].uri),
            "progress": len(steps),
            "cancelled": True,
            "after": after.content[0].text,
        }
    print(json.dumps(seen))


anyio.run(main)
