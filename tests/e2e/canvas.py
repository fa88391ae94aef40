"""A Canvas of paper for the browser: a course page with our frame in it, and the storage that it offers to frames, as
recorded in /recordings/canvas/postmessage_platform_storage.json. It can lie.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from datetime import datetime

from flask import Flask, Response, request

from lti_tool.demo.platform import endpoints
from tests.platform import COURSE, FATMA, TOOL, Link, LyingPlatform, Visit

LOCAL = """
const kept = new Map();
window.heard = [];
addEventListener("message", (event) => {
  const { subject, key, value, message_id } = event.data ?? {};
  window.heard.push({ data: event.data, origin: event.origin });
  if (!mode || !subject?.startsWith("lti.") || !subject.endsWith("_data")) return;
  if (mode === "silent" || event.origin === "null") return; // whom it could not answer
  const back = { subject: `${subject}.response`, message_id, key };
  if (mode === "full") {
    const error = { code: "storage_exhaustion", message: "Reached byte limit for tool" };
    return event.source.postMessage({ subject: back.subject, message_id, error }, event.origin);
  }
  if (subject === "lti.put_data") value === null ? kept.delete(key) : kept.set(key, value);
  let found = kept.get(key) ?? null;
  if (mode === "wrong" && subject === "lti.get_data") found = "of-somebody-else";
  if (mode === "other message") back.message_id = "another";
  event.source.postMessage({ ...back, value: found }, event.origin);
});
window.keys = () => [...kept.keys()];
"""


@dataclasses.dataclass
class Canvas:
    """The platform, and what its pages do. `storage`: which window has it; `mode`: how it behaves."""

    platform: LyingPlatform
    tool: str
    storage: str = "sibling"
    mode: str = "honest"
    target: str = "post_message_forwarding"
    storage_origin: str = ""
    sandbox: str | None = None
    link: Link = dataclasses.field(default_factory=lambda: Link("1", "Leerruimte"))
    height: int = 600

    def app(self) -> Flask:
        """Its pages, and the three addresses of the platform."""
        app = Flask("canvas")
        app.register_blueprint(endpoints(self.platform))

        @app.get("/course")
        def course() -> Response:
            sandbox = f' sandbox="{self.sandbox}"' if self.sandbox is not None else ""
            beside = (
                f'<iframe name="post_message_forwarding" src="{self.storage_origin}/storage" hidden></iframe>'
                if self.storage == "sibling"
                else ""
            )
            mode = self.mode if self.storage == "parent" else ""
            return _page(
                f"<script>const mode = {json.dumps(mode)};{LOCAL}</script><p>Course</p>{beside}"
                f'<iframe id="tool" name="tool_content" src="/begin" width="100%" height="{self.height}"'
                f"{sandbox}></iframe>"
            )

        @app.get("/window")
        def window() -> Response:
            return self._begin()

        @app.get("/begin")
        def begin() -> Response:
            return self._begin()

        @app.get("/storage")
        def storage() -> Response:
            return _page(f"<script>const mode = {json.dumps(self.mode)};{LOCAL}</script>")

        @app.get("/elsewhere")
        def elsewhere() -> Response:
            return _page(f"<p>{request.args.get('said', '')}</p>")

        return app

    def _begin(self) -> Response:
        tool = dataclasses.replace(
            TOOL,
            login_url=f"{self.tool}/lti/login",
            launch_url=f"{self.tool}/lti/launch",
            key_set_url=f"{self.tool}/lti/jwks",
        )
        self.platform.tools[TOOL.client_id] = tool
        form = self.platform.begin(Visit(tool, FATMA, COURSE, self.link))
        fields = {**form.fields, **({"lti_storage_target": self.target} if self.target else {})}
        return Response(dataclasses.replace(form, fields=fields).html(), content_type="text/html; charset=utf-8")


def _page(body: str) -> Response:
    text = f'<!doctype html><html lang="nl"><meta charset="utf-8"><title>Course</title>{body}</html>'
    return Response(text, content_type="text/html; charset=utf-8")


def canvas(clock: Callable[[], datetime], issuer: str, tool: str) -> Canvas:
    """Made for an address that is known already."""
    platform = LyingPlatform(issuer, clock=clock, product="canvas")
    return Canvas(platform, tool, storage_origin=issuer)
