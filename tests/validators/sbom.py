"""Bills of materials: by schemas and readers of others, and by what schemas do not say. What was locked is read from the lock file that
lies beside each document."""

import collections
import functools
import json
import logging
import pathlib
import subprocess
import sys
import tomllib
import warnings
from importlib import resources

import jsonschema
from cyclonedx.exception.serialization import CycloneDxDeserializationException
from cyclonedx.model.bom import Bom
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from lib4sbom.parser import SBOMParser
from spdx_python_model.bindings import v3_0_1 as spdx3

from shared import check_expression, check_hash, check_purl, documents, fault, faults, finish, folder, same

logging.disable(logging.CRITICAL)
warnings.simplefilter("ignore")
SCHEMAS = {"1.6": SchemaVersion.V1_6, "1.7": SchemaVersion.V1_7}
OUTSIDE = "https://spdx.org/rdf/3.0.1/terms/"


def locked(name):
    """Packages, edges and checksums of the lock file that a document was made from."""
    packages = tomllib.loads((folder / (name.split(".")[0] + ".lock")).read_text())["package"]
    by_name = collections.defaultdict(list)
    for package in packages:
        by_name[package["name"]].append(package["version"])
    edges = set()
    for package in packages:
        for text in package.get("dependencies", []):
            needed, *version = text.split(" ")
            version = version[0] if version else by_name[needed][0]
            edges.add(((package["name"], package["version"]), (needed, version)))
    sums = {(one["name"], one["version"]): one["checksum"] for one in packages if "checksum" in one}
    return {(one["name"], one["version"]) for one in packages}, edges, sums


def read_by_lib4sbom(name):
    """Packages with their hashes and licences, and relations."""
    parser = SBOMParser(sbom_type="spdx" if ".spdx." in name else "cyclonedx")
    parser.parse_file(str(folder / name))
    return parser.get_packages(), parser.get_relationships()


def check_cyclonedx(name, text, document):
    error = JsonStrictValidator(SCHEMAS[document["specVersion"]]).validate_str(text)
    if error:
        fault(name, error)
    root = document["metadata"]["component"]
    components = [root, *document["components"]]
    references = [one["bom-ref"] for one in components]
    same(name, "references", len(references), len(set(references)))
    for component in components:
        if "purl" in component:
            check_purl(name, component["purl"])
        for choice in component.get("licenses", []):
            if "expression" in choice:
                check_expression(name, choice["expression"])
        hashes = component.get("hashes", [])
        for reference in component.get("externalReferences", []):
            hashes = hashes + reference.get("hashes", [])
        for one in hashes:
            check_hash(name, one["alg"], one["content"])
    entries = {entry["ref"]: set(entry.get("dependsOn", [])) for entry in document["dependencies"]}
    same(name, "components with an entry", set(references), set(entries))
    for reference in set().union(*entries.values(), *(set(one["dependencies"]) for one in document["compositions"])):
        if reference not in references:
            fault(name, f"{reference} is referred to and absent")

    # What was locked is what is written: packages, edges and checksums, by a reader that shares nothing with the writer.
    packages, edges, sums = locked(name)
    bom = Bom.from_json(document)
    read = {(one.name, one.version): one for one in [bom.metadata.component, *bom.components]}
    read.pop(("workspace", root["version"]), None)
    same(name, "packages", packages, set(read))
    known = {str(one.bom_ref): pair for pair, one in read.items()}
    found = {
        (known[str(entry.ref)], known[str(below.ref)])
        for entry in bom.dependencies
        if str(entry.ref) in known
        for below in entry.dependencies
    }
    same(name, "edges", edges, found)
    digests = {
        pair: next(one.content for one in component.hashes if one.alg.name == "SHA_256")
        for pair, component in read.items()
        if component.hashes
    }
    same(name, "checksums", sums, digests)
    licences = sum(1 for one in components if one.get("licenses"))
    same(name, "licences", licences, sum(1 for one in [bom.metadata.component, *bom.components] if one.licenses))

    # And by another, which gives what the document is about as its metadata.
    theirs, relations = read_by_lib4sbom(name)
    parts = {(one["name"], one["version"]) for one in document["components"]}
    same(name, "packages by lib4sbom", parts, {(one["name"], one["version"]) for one in theirs})
    same(name, "relations by lib4sbom", sum(map(len, entries.values())), len(relations))
    hashes = sum(len(one.get("hashes", [])) for one in document["components"])
    same(name, "hashes by lib4sbom", hashes, sum(len(one.get("checksum", [])) for one in theirs))
    licences = sum(1 for one in document["components"] if one.get("licenses"))
    same(name, "licences by lib4sbom", licences, sum(1 for one in theirs if one.get("licensedeclared") or one.get("licenseconcluded")))


@functools.cache
def class_of(name):
    definitions = spdx_schema["$defs"]
    assert name in definitions, name
    schema = {"$ref": f"#/$defs/{name}", "$defs": definitions, "unevaluatedProperties": False}
    return jsonschema.Draft202012Validator(schema)


def check_spdx_text(name, document):
    same(name, "context", spdx_schema["properties"]["@context"]["const"], document["@context"])
    graph = document["@graph"]
    # Each element by the definition of its class: the schema as a whole tries one class after another, which takes minutes.
    for element in graph:
        for error in class_of(element["type"]).iter_errors(element):
            fault(name, f"{element.get('spdxId')}: {error.json_path}: {error.message}")
    ids = [one["spdxId"] for one in graph if "spdxId" in one]
    same(name, "ids", len(ids), len(set(ids)))
    known = {*ids, *(one["@id"] for one in graph if "@id" in one)}
    for element in graph:
        for key in ("from", "to", "suppliedBy", "originatedBy", "createdBy", "createdUsing", "element", "rootElement", "creationInfo", "dataLicense"):
            ends = element.get(key, [])
            for end in ends if isinstance(ends, list) else [ends]:
                if end not in known and not end.startswith(OUTSIDE):
                    fault(name, f"{end} is referred to and absent")
        for identifier in element.get("externalIdentifier", []):
            if identifier["externalIdentifierType"] == "packageUrl":
                check_purl(name, identifier["identifier"])
        if "simplelicensing_licenseExpression" in element:
            check_expression(name, element["simplelicensing_licenseExpression"])
        for one in element.get("verifiedUsing", []):
            check_hash(name, one["algorithm"], one["hashValue"])


def check_spdx(name, document):
    graph = document["@graph"]
    check_spdx_text(name, document)
    packages, edges, sums = locked(name)
    objects = spdx3.SHACLObjectSet()
    with (folder / name).open("rb") as file:
        spdx3.JSONLDDeserializer().read(file, objects)
    read = {one.spdxId: one for one in objects.foreach_type(spdx3.software_Package)}
    pairs = {key: (one.name, one.software_packageVersion) for key, one in read.items() if not key.endswith("#workspace")}
    same(name, "packages", packages, set(pairs.values()))
    ends = [
        (one, pairs[getattr(one.from_, "spdxId", one.from_)], pairs[getattr(to, "spdxId", to)])
        for one in objects.foreach_type(spdx3.LifecycleScopedRelationship)
        for to in one.to
    ]
    same(name, "edges", edges, {(from_, to) for _, from_, to in ends})
    if not all(one.scope for one, _, _ in ends):
        fault(name, "a dependency has no scope")
    digests = {
        pairs[key]: next(digest.hashValue for digest in one.verifiedUsing if str(digest.algorithm).endswith("sha256"))
        for key, one in read.items()
        if one.verifiedUsing
    }
    same(name, "checksums", sums, digests)
    # lib4sbom 0.10.4 reads nothing of a document in which a licence is given as unknown, or as a text.
    unknown = [one for one in graph if "License" in one.get("relationshipType", "") and one["to"][0].startswith(OUTSIDE)]
    if unknown:
        return
    theirs, _ = read_by_lib4sbom(name)
    same(name, "packages by lib4sbom", len(read), len(theirs))
    expressions = {one["spdxId"] for one in graph if "simplelicensing_licenseExpression" in one}
    licences = sum(1 for one in graph if one.get("relationshipType") == "hasDeclaredLicense" and set(one["to"]) <= expressions)
    told = [one for one in theirs if one.get("licensedeclared", "NOASSERTION") not in ("NOASSERTION", None)]
    same(name, "licences by lib4sbom", licences, len(told))


def conforms(name, standard):
    """What ntia-conformance-checker says of BSI TR-03183-2 2.1 (bsi) and of NTIA's minimum elements (ntia)."""
    checker = pathlib.Path(sys.executable).with_name("ntia-checker")
    command = [checker, "--sbom-spec", "spdx3", "--comply", standard, "--output", "json", folder / name]
    told = json.loads(subprocess.run(command, capture_output=True, text=True, check=False).stdout)
    if told["validationMessages"] or told["parsingError"]:
        fault(name, f"{standard}: {told['validationMessages']} {told['parsingError']}")
    return told["isConformant"]


spdx_schema = json.loads(resources.files("lib4sbom").joinpath("schemas/spdx/3.0-schema.json").read_text())
cyclonedx = {name: one for name, one in documents(".cdx.json").items() if "vex" not in name}
for name, (text, document) in cyclonedx.items():
    check_cyclonedx(name, text, document)
spdx = documents(".spdx.json")
for name, (_, document) in spdx.items():
    check_spdx(name, document)

for standard in ("bsi", "ntia"):
    if not conforms("supplied.spdx.json", standard):
        fault("supplied.spdx.json", f"does not conform to {standard}: ntia-checker --sbom-spec spdx3 --comply {standard}")

# A check that refuses nothing proves nothing. What nobody knows of this project is not made up.
if conforms("whole.spdx.json", "bsi"):
    fault("whole.spdx.json", "conforms to bsi, although licences are not known")


def spoilt(documents, check, name, spoil):
    """Whether a document is refused after a change."""
    document = json.loads(documents[name][0])
    spoil(document)
    before = len(faults)
    try:
        check(name, document)
        refused = len(faults) > before
    except (ValueError, KeyError, AttributeError, CycloneDxDeserializationException):
        # A reader that does not take it has refused it.
        refused = True
    del faults[before:]
    return refused


def find(document, key, value):
    return next(one for one in document["@graph"] if one.get(key) == value)


for spoil in (
    lambda one: one["components"][0].update(scope="sometimes"),
    lambda one: one["components"][0].update(purl="not a purl"),
    lambda one: one["components"].pop(),
    lambda one: next(one for one in one["components"] if "hashes" in one)["hashes"][0].update(content="00" * 16),
    lambda one: one["dependencies"][0]["dependsOn"].append("nobody"),
    lambda one: one["components"][0].update(licenses=[{"expression": "MIT/Apache-2.0"}]),
):
    check = lambda name, one: check_cyclonedx(name, json.dumps(one), one)
    assert spoilt(cyclonedx, check, "supplied.cdx.json", spoil), "anything passes for CycloneDX"
for spoil in (
    lambda one: find(one, "type", "software_Package").update(software_primaryPurpose="fun"),
    lambda one: find(one, "relationshipType", "dependsOn").update(to=["urn:nobody"]),
    lambda one: find(one, "type", "simplelicensing_LicenseExpression").update(simplelicensing_licenseExpression="MIT/X"),
    lambda one: find(one, "type", "software_File")["verifiedUsing"][0].update(hashValue="00"),
):
    assert spoilt(spdx, check_spdx_text, "hostile-spdx.spdx.json", spoil), "anything passes for SPDX"

finish(f"{len(cyclonedx) + len(spdx)} bills of materials")
