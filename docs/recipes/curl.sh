# Is ui.badges on for user42, who is in the group beta?
curl --silent http://127.0.0.1:4680/ofrep/v1/evaluate/flags/ui.badges \
  --header 'Content-Type: application/json' \
  --data '{"context": {"targetingKey": "user42", "groups": ["beta"], "source": "shop"}}'
