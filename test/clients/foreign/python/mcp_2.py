"""The official Python SDK, second generation, as a client of the gateway: discover, list, call, read."""

import asyncio
import json
import os

import httpx2
from mcp import Client
from mcp.client.streamable_http import streamable_http_client


async def main() -> None:
    headers = {"Authorization": "Bearer " + os.environ["SALLYPORT_TOKEN"]}
    async with httpx2.AsyncClient(headers=headers, timeout=60) as http:
        async with Client(streamable_http_client(os.environ["SALLYPORT_URL"], http_client=http)) as client:
            tools = await client.list_tools()
            answer = await client.call_tool("echo", {"message": "hi"})
            resources = await client.list_resources()
            read = await client.read_resource(resources.resources[0].uri)
            seen = {
                "protocol": client.protocol_version,
                "tools": len(tools.tools),
                "answer": answer.content[0].text,
                "read": str(read.contents[0].uri),
            }
    print(json.dumps(seen))


asyncio.run(main())
