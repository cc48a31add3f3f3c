"""The provider for Python: evaluates every line of input, and prints a line for each.

{"url": "http://127.0.0.1:4680"}                  connects
{"context": {"targetingKey": "user42"}}           evaluates for this user from here on
{"key": "ui.badges"}                              evaluates
"""

import json
import sys

from openfeature import api
from openfeature.contrib.provider.ofrep import OFREPProvider
from openfeature.evaluation_context import EvaluationContext

client = api.get_client()
context = EvaluationContext()


def answer(asked):
    global context
    if "url" in asked:
        api.set_provider_and_wait(OFREPProvider(asked["url"]))
        return {}
    if "context" in asked:
        attributes = dict(asked["context"])
        context = EvaluationContext(attributes.pop("targetingKey", None), attributes)
        return {}
    details = client.get_boolean_details(asked["key"], False, context)
    return {
        "value": details.value,
        "reason": details.reason,
        "variant": details.variant,
        "error": details.error_code,
    }


for line in sys.stdin:
    print(json.dumps(answer(json.loads(line))), flush=True)
