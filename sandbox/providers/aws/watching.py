"""Metric alarms and Route 53 records: each is one document that is written whole."""

# ruff: noqa: ARG002 - the operations of all kinds take the same; not every kind needs all of it

from collections.abc import Mapping
from typing import ClassVar, Final

from sandbox.providers.aws.errors import RefusedError
from sandbox.providers.aws.kind import Between, Kind, OneOf, Rule
from sandbox.providers.aws.session import Aws
from sandbox.providers.aws.tags import tag_map
from sandbox.providers.properties import Map, list_at, map_at

# Our name of an alarm's field and AWS's, where it is a plain value.
_ALARM: Final = {
    "actionsEnabled": "ActionsEnabled",
    "alarmActions": "AlarmActions",
    "alarmDescription": "AlarmDescription",
    "comparisonOperator": "ComparisonOperator",
    "datapointsToAlarm": "DatapointsToAlarm",
    "evaluateLowSampleCountPercentiles": "EvaluateLowSampleCountPercentile",
    "evaluationPeriods": "EvaluationPeriods",
    "extendedStatistic": "ExtendedStatistic",
    "insufficientDataActions": "InsufficientDataActions",
    "metricName": "MetricName",
    "name": "AlarmName",
    "namespace": "Namespace",
    "okActions": "OKActions",
    "period": "Period",
    "statistic": "Statistic",
    "threshold": "Threshold",
    "thresholdMetricId": "ThresholdMetricId",
    "treatMissingData": "TreatMissingData",
    "unit": "Unit",
}
_QUERY: Final = {
    "accountId": "AccountId",
    "expression": "Expression",
    "id": "Id",
    "label": "Label",
    "period": "Period",
    "returnData": "ReturnData",
}


class MetricAlarm(Kind):
    """`aws:cloudwatch/metricAlarm:MetricAlarm`; its id is its name."""

    inputs = frozenset({*_ALARM, "dimensions", "metricQueries", "tags"})
    required = ("comparisonOperator", "evaluationPeriods")
    replaces = frozenset({"name"})
    name_limit = 255
    rules: ClassVar[Mapping[str, Rule]] = {
        "evaluationPeriods": Between(1, 2**31 - 1),
        "datapointsToAlarm": Between(1, 2**31 - 1),
        "treatMissingData": OneOf(("missing", "ignore", "breaching", "notBreaching")),
    }
    defaults: ClassVar[Map] = {"actionsEnabled": True, "treatMissingData": "missing"}

    def check(self, inputs: Map) -> list[tuple[str, str]]:
        """One metric, or queries."""
        if ("metricName" in inputs) == ("metricQueries" in inputs):
            return [("metricName", "exactly one of metricName and metricQueries is needed")]
        return []

    def create(self, aws: Aws, inputs: Map) -> str:
        """Write the alarm."""
        self._write(aws, inputs, tags=aws.tags.given(inputs))
        return str(inputs["name"])

    def read(self, aws: Aws, identifier: str) -> Map | None:
        """Outputs as live."""
        found = list(aws.pages("cloudwatch", "describe_alarms", "MetricAlarms", AlarmNames=[identifier]))
        if not found:
            return None
        live = found[0]
        tags = aws.call("cloudwatch", "list_tags_for_resource", ResourceARN=live["AlarmArn"])["Tags"]
        outputs: Map = {
            **self.defaults,
            **{ours: live[theirs] for ours, theirs in _ALARM.items() if live.get(theirs) not in (None, [], "")},
            "arn": live["AlarmArn"],
            **aws.tags.outputs(tag_map(tags)),
        }
        if dimensions := _from_dimensions(list_at(live, "Dimensions")):
            outputs["dimensions"] = dimensions
        if queries := list_at(live, "Metrics"):
            outputs["metricQueries"] = [_from_query(query) for query in queries]
        return outputs

    def update(self, aws: Aws, identifier: str, old: Map, new: Map) -> None:
        """Write the alarm anew; AWS keeps its state, and takes tags by another way."""
        self._write(aws, new)
        gone, added = aws.tags.change(map_at(old, "tagsAll"), new)
        if gone:
            aws.call("cloudwatch", "untag_resource", ResourceARN=old["arn"], TagKeys=gone)
        if added:
            aws.call("cloudwatch", "tag_resource", ResourceARN=old["arn"], Tags=added)

    def delete(self, aws: Aws, identifier: str, state: Map) -> None:
        """Delete."""
        aws.call("cloudwatch", "delete_alarms", AlarmNames=[identifier])

    def _write(self, aws: Aws, inputs: Map, tags: list[Map] | None = None) -> None:
        given = {theirs: inputs[ours] for ours, theirs in _ALARM.items() if inputs.get(ours) is not None}
        queries = [_to_query(query) for query in list_at(inputs, "metricQueries")]
        if queries:
            given["Metrics"] = queries
        if dimensions := map_at(inputs, "dimensions"):
            given["Dimensions"] = _to_dimensions(dimensions)
        aws.call("cloudwatch", "put_metric_alarm", Tags=tags, **given)


def _to_dimensions(dimensions: Map) -> list[Map]:
    return [{"Name": name, "Value": value} for name, value in dimensions.items()]


def _from_dimensions(live: list[Map]) -> Map:
    return {each["Name"]: each["Value"] for each in live}


def _to_query(query: Map) -> Map:
    found = {theirs: query[ours] for ours, theirs in _QUERY.items() if query.get(ours) is not None}
    if metric := map_at(query, "metric"):
        named: Map = {"MetricName": metric["metricName"], "Dimensions": _to_dimensions(map_at(metric, "dimensions"))}
        if metric.get("namespace"):
            named["Namespace"] = metric["namespace"]
        found["MetricStat"] = {"Metric": named, "Period": metric["period"], "Stat": metric["stat"]}
        if metric.get("unit"):
            found["MetricStat"]["Unit"] = metric["unit"]
    # Only one query gives data; AWS would have all of them do so if nothing is said.
    return {**found, "ReturnData": bool(query.get("returnData"))}


def _from_query(live: Map) -> Map:
    found = {ours: live[theirs] for ours, theirs in _QUERY.items() if live.get(theirs) is not None}
    if stat := map_at(live, "MetricStat"):
        metric = map_at(stat, "Metric")
        found["metric"] = {
            "metricName": metric["MetricName"],
            "namespace": metric.get("Namespace"),
            "dimensions": _from_dimensions(list_at(metric, "Dimensions")),
            "period": stat["Period"],
            "stat": stat["Stat"],
            **({"unit": stat["Unit"]} if stat.get("Unit") else {}),
        }
    return found


class Record(Kind):
    """`aws:route53/record:Record` without a routing policy; its id is `zone_name_type`."""

    inputs = frozenset({"aliases", "allowOverwrite", "name", "records", "ttl", "type", "zoneId"})
    required = ("name", "type", "zoneId")
    replaces = frozenset({"name", "type", "zoneId"})
    computed = ("fqdn",)

    def check(self, inputs: Map) -> list[tuple[str, str]]:
        """An alias, or records with a time to live."""
        if ("aliases" in inputs) == ("records" in inputs):
            return [("records", "exactly one of records and aliases is needed")]
        return [("ttl", "is missing")] if "records" in inputs and inputs.get("ttl") is None else []

    def create(self, aws: Aws, inputs: Map) -> str:
        """Create; one that exists is refused unless it may be overwritten."""
        self._change(aws, "UPSERT" if inputs.get("allowOverwrite") else "CREATE", inputs)
        return f"{inputs['zoneId']}_{inputs['name']}_{inputs['type']}"

    def read(self, aws: Aws, identifier: str) -> Map | None:
        """Outputs as live."""
        zone, name, kind = identifier.split("_", 1)[0], *identifier.split("_", 1)[1].rsplit("_", 1)
        try:
            listed = aws.pages("route53", "list_resource_record_sets", "ResourceRecordSets", HostedZoneId=zone)
            found = [each for each in listed if each["Type"] == kind and each["Name"].rstrip(".") == name.rstrip(".")]
        except RefusedError as error:
            if error.code == "NoSuchHostedZone":
                return None
            raise
        if not found:
            return None
        live, outputs = found[0], {"fqdn": name.rstrip("."), "name": name, "type": kind, "zoneId": zone}
        if alias := map_at(live, "AliasTarget"):
            aliased = {"name": alias["DNSName"], "zoneId": alias["HostedZoneId"]}
            return {**outputs, "aliases": [{**aliased, "evaluateTargetHealth": alias["EvaluateTargetHealth"]}]}
        records = [each["Value"] for each in list_at(live, "ResourceRecords")]
        return {**outputs, "records": records, "ttl": live.get("TTL")}

    def update(self, aws: Aws, identifier: str, old: Map, new: Map) -> None:
        """Write it anew."""
        self._change(aws, "UPSERT", new)

    def delete(self, aws: Aws, identifier: str, state: Map) -> None:
        """Delete what is there."""
        if live := self.read(aws, identifier):
            self._change(aws, "DELETE", live)

    def _change(self, aws: Aws, action: str, inputs: Map) -> None:
        record: Map = {"Name": inputs["name"], "Type": inputs["type"]}
        if aliases := list_at(inputs, "aliases"):
            alias: Map = aliases[0]
            record["AliasTarget"] = {
                "DNSName": alias["name"],
                "HostedZoneId": alias["zoneId"],
                "EvaluateTargetHealth": bool(alias.get("evaluateTargetHealth")),
            }
        else:
            record["TTL"] = inputs["ttl"]
            record["ResourceRecords"] = [{"Value": value} for value in list_at(inputs, "records")]
        batch = {"Changes": [{"Action": action, "ResourceRecordSet": record}]}
        aws.call("route53", "change_resource_record_sets", HostedZoneId=inputs["zoneId"], ChangeBatch=batch)
