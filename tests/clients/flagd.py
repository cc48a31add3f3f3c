"""flagd's evaluator for Python: decides for many users at once, and prints a line for each line.

{"definitions": "{…}"}                                       evaluates these from here on
{"users": [{"id": "user42", "groups": ["beta"]}], "keys": ["ui.badges"]}
    answers with a text for each key: 1 for each user for whom it is on, 0 for the others
"""

import json
import logging
import sys

from openfeature.contrib.tools.flagd.core import FlagdCore
from openfeature.evaluation_context import EvaluationContext

# It reports each user without an id.
logging.disable()

core = FlagdCore()


def context(user):
    attributes = {"groups": user["groups"]} if user["groups"] else {}
    return EvaluationContext(user["id"] or None, attributes)


def decide(key, contexts):
    # The other default would show a flag that is not decided by its definition.
    found = (core.resolve_boolean_value(key, False, it).value for it in contexts)
    return "".join("1" if value else "0" for value in found)


def answer(asked):
    if "definitions" in asked:
        core.set_flags(asked["definitions"])
        return {}
    contexts = [context(user) for user in asked["users"]]
    return {key: decide(key, contexts) for key in asked["keys"]}


for line in sys.stdin:
    print(json.dumps(answer(json.loads(line))), flush=True)
