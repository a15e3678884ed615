#!/usr/bin/env python3
"""Fetches the pinned agent from the store with the instance's own role, checks its digest, and starts it. Run again until it succeeds."""
import datetime, hashlib, hmac, json, os, platform, subprocess, urllib.request

CONFIG = json.load(open("/etc/slipway-vpn/agent.json"))
AGENT = "/usr/local/lib/slipway-vpn/agent"


def fetch(address, method="GET", headers=None):
    request = urllib.request.Request(address, method=method, headers=headers or {})
    with urllib.request.urlopen(request, timeout=30) as response:
        return response.read()


def metadata(path):
    base = CONFIG["endpoints"].get("imds") or "http://169.254.169.254"
    token = fetch(base + "/latest/api/token", "PUT", {"X-aws-ec2-metadata-token-ttl-seconds": "300"}).decode()
    return fetch(base + "/latest/meta-data/" + path, headers={"X-aws-ec2-metadata-token": token}).decode().strip()


def credentials():
    path = "iam/security-credentials/"
    return json.loads(metadata(path + metadata(path)))


def host_and_path(key):
    bucket, region = CONFIG["bucket"], CONFIG["region"]
    suffix = "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
    if CONFIG["endpoints"].get("s3"):
        return CONFIG["endpoints"]["s3"].rstrip("/"), "/" + bucket + "/" + key
    if "." in bucket:
        return "https://s3.%s.%s" % (region, suffix), "/" + bucket + "/" + key
    return "https://%s.s3.%s.%s" % (bucket, region, suffix), "/" + key


def read_object(key):
    """AWS Signature Version 4 over an empty body."""
    base, path = host_and_path(key)
    role = credentials()
    now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
    empty = hashlib.sha256(b"").hexdigest()
    headers = {"host": base.split("//")[1], "x-amz-content-sha256": empty, "x-amz-date": now, "x-amz-security-token": role["Token"]}
    names = ";".join(sorted(headers))
    lines = "".join("%s:%s\n" % (name, headers[name]) for name in sorted(headers))
    canonical = "\n".join(["GET", path, "", lines, names, empty])
    scope = "/".join([now[:8], CONFIG["region"], "s3", "aws4_request"])
    text = "\n".join(["AWS4-HMAC-SHA256", now, scope, hashlib.sha256(canonical.encode()).hexdigest()])
    secret = ("AWS4" + role["SecretAccessKey"]).encode()
    for part in scope.split("/"):
        secret = hmac.new(secret, part.encode(), hashlib.sha256).digest()
    signature = hmac.new(secret, text.encode(), hashlib.sha256).hexdigest()
    headers["authorization"] = "AWS4-HMAC-SHA256 Credential=%s/%s,SignedHeaders=%s,Signature=%s" % (role["AccessKeyId"], scope, names, signature)
    return fetch(base + path, headers=headers)


def main():
    machine = {"x86_64": "amd64", "aarch64": "arm64"}[platform.machine()]
    digest = CONFIG["agents"][machine]
    body = read_object(CONFIG["prefix"] + "hosts/files/" + digest)
    if hashlib.sha256(body).hexdigest() != digest:
        raise SystemExit("the agent in the store is not the pinned one")
    os.makedirs(os.path.dirname(AGENT), mode=0o755, exist_ok=True)
    with open(AGENT + ".new", "wb") as file:
        file.write(body)
        file.flush()
        os.fchmod(file.fileno(), 0o755)
        os.fsync(file.fileno())
    os.rename(AGENT + ".new", AGENT)
    subprocess.run([AGENT, "set-up"], check=True)


main()
