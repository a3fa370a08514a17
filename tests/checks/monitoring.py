"""Checks the alerts and the dashboard.

  python3 monitoring.py [ROOT]

The alert rules are valid and pass their tests (promtool); each alert says how
long, how bad, what and what to do, in a section of the README that exists; and
every metric that an alert or a panel asks for is one that the README names.
"""

import json
import os
import re
import subprocess

import yaml

from metrics_reference import IN_README, README
from tree import finish, read, root_from_arguments

ALERTS = "deploy/prometheus/alerts.yml"
ALERTS_TEST = "deploy/prometheus/alerts_test.yml"
DASHBOARD = "deploy/grafana/airlock.json"
SEVERITIES = ("critical", "warning")
METRIC = re.compile(r"\b(?:airlock|grpc_server|process)_[a-z0-9_]+\b")
RECORDED = re.compile(r"\bairlock:[a-z0-9_:]+")
HISTOGRAM_PART = re.compile(r"_(?:bucket|sum|count)$")


def metrics_of(expression):
    """The metrics that an expression asks for, histograms by their name."""
    # What stands in braces are labels and their values.
    bare = re.sub(r"\{[^}]*\}", "", expression)
    return {HISTOGRAM_PART.sub("", name) for name in METRIC.findall(bare)}


def anchors_of(readme):
    """The anchors of its headings, as they are made of them."""
    titles = re.findall(r"^#+ +(.*)$", readme, re.M)
    return {re.sub(r"[^a-z0-9 _-]", "", title.lower()).replace(" ", "-")
            for title in titles}


def problems_of_rules(rules, readme):
    """What is wrong with the rules as a person meets them."""
    anchors = anchors_of(readme)
    problems = []
    for rule in rules:
        if "alert" not in rule:
            continue
        where = f"{ALERTS}: {rule['alert']}"
        notes = rule.get("annotations") or {}
        if "for" not in rule:
            problems.append(f"{where}: must have \"for\"")
        if (rule.get("labels") or {}).get("severity") not in SEVERITIES:
            problems.append(f"{where}: severity must be one of "
                            f"{', '.join(SEVERITIES)}")
        problems += [f"{where}: must have the annotation {name}"
                     for name in ("summary", "description")
                     if not notes.get(name)]
        page, _, anchor = notes.get("runbook_url", "").partition("#")
        if page != README or anchor not in anchors:
            problems.append(f"{where}: runbook_url must be a section of "
                            f"{README}: got \"{page}#{anchor}\"")
    return problems


def problems_of_names(expressions, recorded, told):
    """Names in (where, expression) that nobody exports or records."""
    problems = []
    for where, expression in expressions:
        problems += [f"{where}: {README} names no metric {name}"
                     for name in sorted(metrics_of(expression) - told)]
        problems += [f"{where}: no rule records {name}"
                     for name in sorted(set(RECORDED.findall(expression))
                                        - recorded)]
    return problems


def expressions_of_dashboard(dashboard):
    """(where, expression) of each target of each panel."""
    return [(f"{DASHBOARD}: {panel['title']}", target["expr"])
            for panel in dashboard["panels"]
            for target in panel.get("targets", [])]


def problems_of(root):
    """All that can be found without promtool."""
    readme = read(root, README)
    groups = yaml.safe_load(read(root, ALERTS))["groups"]
    rules = [rule for group in groups for rule in group["rules"]]
    expressions = [(f"{ALERTS}: {rule.get('alert') or rule['record']}",
                    rule["expr"]) for rule in rules]
    expressions += expressions_of_dashboard(json.loads(read(root, DASHBOARD)))
    problems = problems_of_rules(rules, readme)
    problems += problems_of_names(
        expressions, {rule["record"] for rule in rules if "record" in rule},
        set(IN_README.findall(readme)))
    tried = read(root, ALERTS_TEST)
    problems += [f"{ALERTS_TEST}: does not try {rule['alert']}"
                 for rule in rules if "alert" in rule
                 and not re.search(rf"alertname: {rule['alert']}$", tried,
                                   re.M)]
    return problems, len(expressions)


def promtool_problems(root):
    """What promtool says of rules and their tests."""
    problems = []
    for verb, path in (("check", ALERTS), ("test", ALERTS_TEST)):
        run = subprocess.run(
            ["promtool", verb, "rules", os.path.join(root, path)],
            capture_output=True, text=True, check=False)
        if run.returncode != 0:
            problems.append(f"{path}: {run.stdout}{run.stderr}")
    return problems


def main():
    root = root_from_arguments()
    problems, count = problems_of(root)
    finish(problems + promtool_problems(root),
           f"{count} expressions of alerts and dashboard")


if __name__ == "__main__":
    main()
