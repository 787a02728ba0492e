"""Have Prefect tell a chat, or any other webhook, of runs that failed, died or wait for a person's word.

    ALERT_URL=https://... .venv/bin/python docs/alerts.py

ALERT_URL is the address that the chat gives for incoming messages; Prefect keeps it encrypted, in a block.
Run again, this puts a new address in place of the old one. It is about the deployments of prefect.yaml, which
carry the tag crewtally: a command in a terminal has told its user already.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress

from prefect.automations import Automation
from prefect.blocks.webhook import Webhook
from prefect.events.actions import CallWebhook
from prefect.events.schemas.automations import EventTrigger, Posture
from pydantic import SecretStr

BLOCK = "crewtally-alerts"
NAME = "crewtally: a run needs a person"
STATES = ("Failed", "Crashed", "TimedOut", "Paused")

# Filled in by the server. What a run says names records, and so holds text of others: no chat may take a part
# of it for a command, such as <!channel>.
MESSAGE = """{"text": {{ (
    deployment.name ~ ", run " ~ flow_run.name ~ ": " ~ flow_run.state.name ~ ". "
    ~ (flow_run.state.message or "") | truncate(1500) ~ " " ~ flow_run | ui_url
) | replace("<", "‹") | replace(">", "›") | tojson }} }"""


def main() -> None:
    url = os.environ.get("ALERT_URL", "")
    if not url.startswith(("http://", "https://")):
        sys.exit("Set ALERT_URL to the address that is to be told, http:// or https://.")
    hook = Webhook.model_validate(
        {"method": "POST", "url": SecretStr(url), "headers": {"Content-Type": "application/json"}}
    )
    block_id = hook.save(BLOCK, overwrite=True)
    with suppress(ValueError):  # there is none yet
        Automation.read(name=NAME).delete()
    Automation(
        name=NAME,
        description="Made by docs/alerts.py.",
        trigger=EventTrigger(
            expect={f"prefect.flow-run.{state}" for state in STATES},
            match_related={"prefect.resource.id": "prefect.tag.crewtally", "prefect.resource.role": "tag"},
            for_each={"prefect.resource.id"},
            posture=Posture.Reactive,
            threshold=1,
        ),
        actions=[CallWebhook(block_document_id=block_id, payload=MESSAGE)],
    ).create()
    sys.stdout.write("Prefect tells that address from now on.\n")


if __name__ == "__main__":
    main()
