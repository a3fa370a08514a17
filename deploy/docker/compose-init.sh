#!/bin/sh
# Makes what the services of docker-compose.yml need to trust each other, once:
# an authority, a certificate for each role, the key of grants and the token of
# one agent. Each role's folder is a volume that only its container mounts, so
# nobody holds a key that is not its own.
set -eu
umask 077
top=/var/lib/airlock
if [ -f "$top/agent/agent.token" ]; then
  echo "certificates and tokens are there"
  exit 0
fi
airlock certs init --dir "$top/authority/certs" --force \
  --hosts "gateway,policy,localhost,127.0.0.1"
for role in gateway policy executor; do
  for file in ca.pem "$role.pem" "$role.key"; do
    cp "$top/authority/certs/$file" "$top/$role/$file"
  done
done
cp "$top/authority/certs/grant.key" "$top/policy/grant.key"
cp "$top/authority/certs/grant.pub" "$top/executor/grant.pub"
cp "$top/authority/certs/ca.pem" "$top/agent/ca.pem"
airlock tokens create --file "$top/authority/tokens.json" --id demo \
  --role agent --replace --out "$top/authority/agent.token"
cp "$top/authority/tokens.json" "$top/gateway/tokens.json"
cp "$top/authority/tokens.json" "$top/policy/tokens.json"
# Last: it says that all of the above is done.
mv "$top/authority/agent.token" "$top/agent/agent.token"
echo "certificates and tokens made"
