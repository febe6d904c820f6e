# SPDX-License-Identifier: Apache-2.0
"""Checks answers, one JSON object a line, against docs/schemas: validate.py SCHEMAS < answers.

Prints what is wrong, one line each. Money that is a number, keys that are not snake_case and answers
without a published schema are wrong too."""
import json, pathlib, re, sys
import jsonschema

schemas = {p.stem: json.loads(p.read_text()) for p in pathlib.Path(sys.argv[1]).glob("*.json")}
MONEY = {"cost", "revenue", "cash", "amount", "result", "gross_margin", "serving", "capital"}
seen = set()


def leaves(value, key=""):
    if isinstance(value, dict):
        for k, v in value.items():
            yield k, v
            yield from leaves(v, k)
    elif isinstance(value, list):
        for v in value: yield from leaves(v, key)


for number, line in enumerate(sys.stdin, 1):
    answer = json.loads(line)
    name = answer.get("schema", "").replace("/", ".")
    seen.add(name)
    if name not in schemas:
        print(f"line {number}: no schema for {answer.get('schema')!r}")
        continue
    checker = jsonschema.Draft202012Validator(schemas[name])
    for error in list(checker.iter_errors(answer))[:3]:
        print(f"{name}: {error.json_path}: {error.message[:200]}")
    for key, value in leaves(answer):
        if re.search("[a-z][A-Z]", key): print(f"{name}: the key {key} is not snake_case")
        if key in MONEY and isinstance(value, float): print(f"{name}: {key} is a double")
for name, schema in schemas.items(): jsonschema.Draft202012Validator.check_schema(schema)
print("seen: " + " ".join(sorted(seen)), file=sys.stderr)
