"""FastMCP as a client of the gateway: initialize, list, call, read."""

import asyncio
import json
import os

from fastmcp import Client
from fastmcp.client.transports import StreamableHttpTransport


async def main() -> None:
    headers = {"Authorization": "Bearer " + os.environ["SALLYPORT_TOKEN"]}
    async with Client(StreamableHttpTransport(os.environ["SALLYPORT_URL"], headers=headers)) as client:
        tools = await client.list_tools()
        answer = await client.call_tool("echo", {"message": "hi"})
        resources = await client.list_resources()
        read = await client.read_resource(resources[0].uri)
        seen = {
            "tools": len(tools),
            "answer": answer.content[0].text,
            "read": str(read[0].uri),
        }
    print(json.dumps(seen))


asyncio.run(main())
