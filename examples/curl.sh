#!/bin/sh
# Every way to ask with curl alone: sh examples/curl.sh
set -eu
base=${LLR_BASE_URL:-http://127.0.0.1:3030/v1}
json='content-type: application/json'

echo '-- what can be asked for by name'
curl -sS --fail "$base/models"

echo; echo '-- a whole answer, with its headers'
curl -sS --fail -i "$base/chat/completions" -H "$json" \
  -d '{"model":"auto","messages":[{"role":"user","content":"Hello"}]}'

echo; echo '-- a stream'
curl -sS --fail -N "$base/chat/completions" -H "$json" \
  -d '{"model":"auto","stream":true,"max_tokens":3,"messages":[{"role":"user","content":"Hello"}]}'

echo '-- marked as sensitive: only a model that is proven local may answer'
curl -sS --fail -i "$base/responses" -H "$json" -H 'X-LLR-Sensitivity: high' \
  -d '{"model":"auto","input":"Summarise our plans for next year."}'
echo
