"""Bills of materials and statements of vulnerabilities: by schemas and readers of others, and by what schemas do not say."""

import json
import pathlib
import sys

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from license_expression import get_spdx_licensing
from packageurl import PackageURL

folder = pathlib.Path(sys.argv[1]) / "sbom"
documents = {path.name: path.read_text() for path in sorted(folder.glob("*.json"))}
if not documents:
    sys.exit("no bill of materials was found: run the tests first")
licensing = get_spdx_licensing()
schemas = {"1.6": SchemaVersion.V1_6, "1.7": SchemaVersion.V1_7}
faults = []


def check_expression(name, expression):
    found = licensing.validate(expression, strict=True)
    if found.errors:
        faults.append(f"{name}: {expression}: {found.errors}")


for name, text in documents.items():
    document = json.loads(text)
    if name.endswith(".cdx.json"):
        error = JsonStrictValidator(schemas[document["specVersion"]]).validate_str(text)
        if error:
            faults.append(f"{name}: {str(error)[:300]}")
        for component in document.get("components", []):
            if "purl" in component:
                PackageURL.from_string(component["purl"])
            for choice in component.get("licenses", []):
                if "expression" in choice:
                    check_expression(name, choice["expression"])
# A check that refuses nothing proves nothing.
spoilt = json.loads(documents["whole.cdx.json"])
spoilt["components"][0]["scope"] = "sometimes"
assert JsonStrictValidator(SchemaVersion.V1_7).validate_str(json.dumps(spoilt)), "the schema lets anything through"

print(f"{len(documents)} documents, {len(faults)} faults")
print("\n".join(faults))
sys.exit(1 if faults else 0)
