"""FastMCP as a client of the gateway."""

import asyncio
import json

from endpoint import COMMAND, ENVIRONMENT, FOR_MINUTES, HEADERS, LONG, PROGRESS_TIMEOUT_S, SHORTLY, URL
from fastmcp import Client
from fastmcp.client.transports import StdioTransport, StreamableHttpTransport


def transport() -> StdioTransport | StreamableHttpTransport:
    if COMMAND:
        return StdioTransport(COMMAND[0], COMMAND[1:], env=ENVIRONMENT, keep_alive=False)
    return StreamableHttpTransport(URL, headers=HEADERS)


async def cancel_at_first_progress(client: Client) -> None:
    progressed = asyncio.Event()

    async def on_progress(*_: object) -> None:
        progressed.set()

    call = asyncio.create_task(client.call_tool(LONG, FOR_MINUTES, progress_handler=on_progress))
    async with asyncio.timeout(PROGRESS_TIMEOUT_S):
        await progressed.wait()
    call.cancel()
    await asyncio.wait([call])


async def main() -> None:
    async with Client(transport()) as client:
        tools = await client.list_tools()
        answer = await client.call_tool("echo", {"message": "hi"})
        resources = await client.list_resources()
        read = await client.read_resource(resources[0].uri)
        steps = []

        async def on_progress(progress: float, *_: object) -> None:
            steps.append(progress)

        await client.call_tool(LONG, SHORTLY, progress_handler=on_progress)
        await cancel_at_first_progress(client)
        after = await client.call_tool("echo", {"message": "hi"})
        seen = {
            "protocol": client.protocol_version,
            "tools": len(tools),
            "answer": answer.content[0].text,
            "read": str(read[0].uri),
            "progress": len(steps),
            "cancelled": True,
            "after": after.content[0].text,
        }
    print(json.dumps(seen))


asyncio.run(main())
