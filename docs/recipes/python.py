# pip install openfeature-provider-ofrep
from openfeature import api
from openfeature.contrib.provider.ofrep import OFREPProvider
from openfeature.evaluation_context import EvaluationContext

api.set_provider_and_wait(OFREPProvider("http://127.0.0.1:4680"))
client = api.get_client()

user = EvaluationContext("user42", {"groups": ["beta"], "source": "shop"})
is_on = client.get_boolean_value("ui.badges", False, user)
print(f"ui.badges is {'on' if is_on else 'off'} for user42")
