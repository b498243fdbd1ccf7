"""Statements about vulnerabilities: by a schema and readers of others, and by what schemas do not say."""

import json
import urllib.parse

from cyclonedx.model.bom import Bom
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from lib4vex.parser import VEXParser
from vexipy import Document

from shared import check_hash, check_purl, documents, fault, finish, folder, same


def read_by_lib4vex(name, kind):
    parser = VEXParser(kind)
    parser.parse(str(folder / name))
    return parser.get_vulnerabilities()


def check_openvex(name, text, document):
    ours = []
    for statement in document["statements"]:
        (product,) = statement["products"]
        check_purl(name, product["@id"])
        for algorithm, digits in product.get("hashes", {}).items():
            check_hash(name, algorithm, digits)
        ours.append((statement["vulnerability"]["name"], product["@id"], statement["status"]))
    same(name, "statements", len(ours), len(set(ours)))
    theirs = [(one["id"], one["purl"], one["status"]) for one in read_by_lib4vex(name, "openvex")]
    same(name, "statements by lib4vex", ours, theirs)
    read = Document.from_json(text)
    theirs = [(str(one.vulnerability.name), str(one.products[0].id), one.status.value) for one in read.statements]
    same(name, "statements by vexipy", ours, theirs)
    justified = {one["vulnerability"]["name"] for one in document["statements"] if one["status"] == "not_affected"}
    theirs = {str(one.vulnerability.name) for one in read.statements if one.justification}
    same(name, "justifications by vexipy", justified, theirs)


def check_cyclonedx(name, text, document):
    error = JsonStrictValidator(SchemaVersion.V1_7).validate_str(text)
    if error:
        fault(name, error)
    # Each statement leads to a component: of the document itself, or of the bill of materials that was published.
    bill, linked = document, name.startswith("linked")
    if linked:
        bill = documents("published.cdx.json")["published.cdx.json"][1]
    serial = bill["serialNumber"].removeprefix("urn:uuid:")
    components = {one["bom-ref"] for one in bill["components"]}
    ours = []
    for one in document["vulnerabilities"]:
        (affected,) = one["affects"]
        reference = affected["ref"]
        if linked:
            link, reference = reference.split("#", 1)
            same(name, "bill of materials", f"urn:cdx:{serial}/1", link)
            reference = urllib.parse.unquote(reference)
        if reference not in components:
            fault(name, f"{reference} is in no bill of materials")
        ours.append((one["id"], one["analysis"]["state"]))
    same(name, "statements by lib4vex", ours, [(one["id"], one["status"]) for one in read_by_lib4vex(name, "cyclonedx")])
    read = Bom.from_json(document).vulnerabilities
    theirs = [(one.id, one.analysis.state.value) for one in read]
    same(name, "statements by cyclonedx-python-lib", sorted(ours), sorted(theirs))


found = documents("vex.json")
for name, (text, document) in found.items():
    check_openvex(name, text, document)
joined = documents("vex.cdx.json")
for name, (text, document) in joined.items():
    check_cyclonedx(name, text, document)

# A check that refuses nothing proves nothing.
text, document = next(iter(found.values()))
for spoil in ({"status": "maybe"}, {"status": "not_affected", "justification": "not_my_fault"}):
    bad = json.loads(text)
    bad["statements"][0].update(spoil)
    try:
        Document.from_json(json.dumps(bad))
    except ValueError:
        continue
    raise AssertionError(f"the reader takes {spoil}")
finish(f"{len(found) + len(joined)} statements of vulnerabilities")
