"""The official Python SDK, first generation, as a client of the gateway: initialize, list, call, read."""

import asyncio
import json
import os

from mcp import ClientSession
from mcp.client.streamable_http import streamablehttp_client


async def main() -> None:
    headers = {"Authorization": "Bearer " + os.environ["SALLYPORT_TOKEN"]}
    async with streamablehttp_client(os.environ["SALLYPORT_URL"], headers=headers) as (receive, send, _):
        async with ClientSession(receive, send) as session:
            started = await session.initialize()
            tools = await session.list_tools()
            answer = await session.call_tool("echo", {"message": "hi"})
            resources = await session.list_resources()
            read = await session.read_resource(resources.resources[0].uri)
            seen = {
                "protocol": started.protocolVersion,
                "tools": len(tools.tools),
                "answer": answer.content[0].text,
                "read": str(read.contents[0].uri),
            }
    print(json.dumps(seen))


asyncio.run(main())
