#!/bin/sh
# One-shot, safe to repeat: the namespace and the search attributes of core/names.ts. TEMPORAL_ADDRESS is read by the
# `temporal` command itself; TEMPORAL_NAMESPACE is not, in `namespace create`. An existing namespace keeps its retention.
set -eu
: "${TEMPORAL_NAMESPACE:=default}"
: "${RETENTION:=30d}"

attempts=60
until temporal operator cluster health; do
  attempts=$((attempts - 1))
  [ "$attempts" -gt 0 ] || { echo "Temporal at ${TEMPORAL_ADDRESS:-its default address} did not become healthy" >&2; exit 1; }
  sleep 2
done

temporal operator namespace describe --namespace "$TEMPORAL_NAMESPACE" >/dev/null 2>&1 ||
  temporal operator namespace create --namespace "$TEMPORAL_NAMESPACE" --retention "$RETENTION"

# The server takes some seconds to believe in a new namespace, and adding an attribute twice is refused: ask until all are there.
attempts=60
for name in SyncPartner SyncStream SyncKind SyncOutcome; do
  until temporal operator search-attribute list --namespace "$TEMPORAL_NAMESPACE" 2>/dev/null | grep -q "$name"; do
    attempts=$((attempts - 1))
    [ "$attempts" -gt 0 ] || { echo "search attribute $name could not be added" >&2; exit 1; }
    temporal operator search-attribute create --namespace "$TEMPORAL_NAMESPACE" --name "$name" --type Keyword || sleep 2
  done
done

# An attribute is listed before the server takes it: without this a first start may still be refused ("no mapping defined").
query="SyncPartner = '' and SyncStream = '' and SyncKind = '' and SyncOutcome = ''"
until temporal workflow count --namespace "$TEMPORAL_NAMESPACE" --query "$query" >/dev/null 2>&1; do
  attempts=$((attempts - 1))
  [ "$attempts" -gt 0 ] || { echo "namespace $TEMPORAL_NAMESPACE does not take its search attributes" >&2; exit 1; }
  sleep 1
done
echo "namespace $TEMPORAL_NAMESPACE is ready"
