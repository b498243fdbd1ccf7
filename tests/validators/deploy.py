"""What is deployed: manifests by the schemas of Kubernetes and by what it calls restricted, the unit by systemd where that is at hand."""

import pathlib
import shutil
import subprocess
import sys
import tempfile

import kubernetes_validate
import yaml

folder = pathlib.Path("deploy")
faults = []
manifests = list(yaml.safe_load_all((folder / "kubernetes.yaml").read_text()))
for manifest in manifests:
    try:
        kubernetes_validate.validate(manifest, kubernetes_validate.latest_version(), strict=True)
    except Exception as fault:
        faults.append(f"kubernetes.yaml: {manifest.get('kind')}: {str(fault)[:300]}")
# A check that refuses nothing proves nothing.
spoilt = dict(manifests[0], spec={"replicas": "two"}, kind="Deployment", apiVersion="apps/v1")
try:
    kubernetes_validate.validate(spoilt, kubernetes_validate.latest_version(), strict=True)
    faults.append("a deployment without a selector passed")
except Exception:
    pass

pod = next(one for one in manifests if one["kind"] == "Deployment")["spec"]["template"]["spec"]
for container in pod["containers"]:
    own = container["securityContext"]
    wanted = {
        "allowPrivilegeEscalation": own["allowPrivilegeEscalation"] is False,
        "readOnlyRootFilesystem": own["readOnlyRootFilesystem"] is True,
        "capabilities": own["capabilities"] == {"drop": ["ALL"]},
        "image": "@sha256:" in container["image"],
        "memory": "memory" in container["resources"]["limits"],
    }
    faults += [f"kubernetes.yaml: {container['name']}: {name}" for name, holds in wanted.items() if not holds]
if not (pod["securityContext"]["runAsNonRoot"] and pod["securityContext"]["runAsUser"] == 65534):
    faults.append("kubernetes.yaml: it does not run as nobody")

unit = (folder / "cargo-sequester.service").read_text()
if shutil.which("systemd-analyze"):
    with tempfile.TemporaryDirectory() as place:
        # The program need not be installed where this runs.
        copy = pathlib.Path(place) / "cargo-sequester.service"
        copy.write_text(unit.replace("/usr/local/bin/cargo-sequester", shutil.which("true")))
        said = subprocess.run(["systemd-analyze", "verify", str(copy)], capture_output=True, text=True)
        if said.returncode != 0 or said.stderr.strip():
            faults.append(f"cargo-sequester.service: {said.stderr.strip()[:300]}")
        # In tenths: 10 is a machine wide open.
        command = ["systemd-analyze", "security", "--offline=true", "--threshold=15", str(copy)]
        said = subprocess.run(command, capture_output=True, text=True)
        if said.returncode != 0:
            faults.append(f"cargo-sequester.service: {said.stdout.strip().splitlines()[-1:] or said.stderr[:300]}")
else:
    print("skipped: the systemd unit: there is no systemd-analyze")

image = (folder / "Containerfile").read_text()
for wanted in ["USER 65534:65534", "--locked", "--features serve", "STOPSIGNAL SIGTERM"]:
    if wanted not in image:
        faults.append(f"Containerfile: {wanted} is missing")
for fault in faults:
    print(fault)
sys.exit(1 if faults else 0)
