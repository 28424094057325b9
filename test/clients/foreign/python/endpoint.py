"""What the programs in this folder are told, and what they call."""

import os
import sys

TOKEN = os.environ["SALLYPORT_TOKEN"]
HEADERS = {"Authorization": "Bearer " + TOKEN}
URL = os.environ.get("SALLYPORT_URL", "")
# The command of a server on standard input and output; without one, the server is at the address.
COMMAND = sys.argv[1:]
ENVIRONMENT = {"SALLYPORT_TOKEN": TOKEN}

LONG = "trigger-long-running-operation"
SHORTLY = {"duration": 1, "steps": 5}
FOR_MINUTES = {"duration": 600, "steps": 6000}
PROGRESS_TIMEOUT_S = 60
