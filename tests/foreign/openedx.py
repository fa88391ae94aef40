"""Runs in an environment of its own, with `lti-consumer-xblock`: Open edX's platform, one JSON line per order.

Not imported by any test. Reads orders from standard input, answers on standard output.
"""

import json
import sys

from django.conf import settings

settings.configure(PLATFORM_NAME="Open edX of De Linde")

from lti_consumer.data import Lti1p3LaunchData  # noqa: E402 - needs the settings
from lti_consumer.lti_1p3.consumer import LtiAdvantageConsumer  # noqa: E402


def main() -> None:
    """Obey until standard input ends."""
    consumer = None
    for line in sys.stdin:
        order = json.loads(line)
        what = order.pop("do")
        if what == "begin":
            key = order.pop("rsa_key")
            consumer = LtiAdvantageConsumer(rsa_key=key, **order)
            answer = consumer.get_public_keyset()
        elif what == "preflight":
            launch_data = Lti1p3LaunchData(
                user_id=order["user_id"],
                user_role=order["role"],
                config_id="config",
                resource_link_id=order["resource_link_id"],
                message_type=order.get("message_type", "LtiResourceLinkRequest"),
            )
            consumer.set_user_data(
                order["user_id"], order["role"], full_name=order.get("name"), email_address=order.get("email")
            )
            consumer.set_resource_link_claim(order["resource_link_id"], title=order["title"])
            consumer.set_context_claim("course-v1:Linde+WOND+2026", context_title="Wondzorg 2026")
            consumer.set_launch_presentation_claim("iframe", order.get("return_url"))
            consumer.set_custom_parameters(order.get("custom", {}))
            answer = consumer.prepare_preflight_url(launch_data)
        elif what == "launch":
            try:
                answer = consumer.generate_launch_request(order["asked"])
            except Exception as error:  # the test reads which
                answer = {"error": type(error).__name__}
        elif what == "offer":
            consumer.enable_nrps(order["members"])
            consumer.enable_ags(order["line_items"], allow_programmatic_grade_interaction=True)
            consumer.enable_deep_linking(order["launch"], order["picked"])
            answer = True
        elif what == "picked":
            try:
                answer = consumer.check_and_decode_deep_linking_token(order["token"])
            except Exception as error:  # the test reads which
                answer = {"error": type(error).__name__}
        elif what == "allows":
            try:
                answer = consumer.check_token(order["token"], order["scopes"])
            except Exception:  # a token that is none
                answer = False
        else:
            answer = consumer.access_token(order["form"])
        sys.stdout.write("answer " + json.dumps(answer) + "\n")
        sys.stdout.flush()


main()
