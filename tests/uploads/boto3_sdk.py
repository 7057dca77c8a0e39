#!/usr/bin/env python3
"""boto3 lists, completes and aborts uploads in parts that presign began.

`main.rs` runs it, once on the embedded endpoint and once on versitygw, with boto3's own settings but for
the address. It announces a file to the API and then does everything an S3 client can do with what presign
began: it finds the upload in the bucket, sends one part to its signed URL and the others as parts of
its own (with the CRC32 boto3 sends by default, and with a SHA-256), lists them page by page, is refused a
part under a checksum of other bytes, and completes the upload. The job must end with every row. A second
upload it aborts: nothing is left of it, and the API says so.

    MILLRACE_URL, MILLRACE_TOKEN    the API, and who asks it
    MILLRACE_FILE, MILLRACE_ROWS    a file of three parts, and how many of its rows are not blank
    MILLRACE_BUCKET                 the bucket
    AWS_...                         its endpoint, region and key, as every SDK reads them
"""

import base64
import hashlib
import json
import os
import time
import urllib.error
import urllib.parse
import urllib.request
from datetime import datetime, timedelta, timezone

import boto3
from botocore.exceptions import ClientError

BUCKET = os.environ["MILLRACE_BUCKET"]
ROWS = int(os.environ["MILLRACE_ROWS"])
PATIENCE_SECONDS = 120
s3 = boto3.client("s3")


def ask(method, url, body=None, headers=None):
    """Status, headers and body of an answer, whatever its status."""
    request = urllib.request.Request(url, data=body, method=method, headers=headers or {})
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as refused:
        return refused.code, refused.headers, refused.read()


def ask_api(method, path, body=None):
    """Status and document of an answer of the API."""
    headers = {"authorization": f"Bearer {os.environ['MILLRACE_TOKEN']}"}
    if body is not None:
        headers["content-type"] = "application/json"
    status, _, answer = ask(method, os.environ["MILLRACE_URL"] + path, body, headers)
    return status, json.loads(answer)


def announce(name, content):
    """What presign answers, with key and id of the upload it began."""
    body = {"filename": name, "size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    status, answer = ask_api("POST", "/v1/uploads", json.dumps(body).encode())
    assert status == 201, (status, answer)
    upload = answer["upload"]
    assert upload["mode"] == "multipart" and upload["part_count"] == 3, upload["mode"]
    url = urllib.parse.urlsplit(upload["parts"][0]["url"])
    key = urllib.parse.unquote(url.path).removeprefix(f"/{BUCKET}/")
    upload_id = urllib.parse.parse_qs(url.query)["uploadId"][0]
    size = upload["part_size"]
    parts = [content[at : at + size] for at in range(0, len(content), size)]
    return answer["job_id"], {"Bucket": BUCKET, "Key": key, "UploadId": upload_id}, upload["parts"], parts


def send(signed, part):
    """A part to its signed URL; its status and entity tag."""
    status, headers, _ = ask(signed["method"], signed["url"], part, signed["headers"])
    return status, headers["etag"]


def open_uploads():
    """Keys and ids of what the bucket holds open."""
    pages = s3.get_paginator("list_multipart_uploads").paginate(Bucket=BUCKET, Prefix="uploads/")
    found = [upload for page in pages for upload in page.get("Uploads", [])]
    for upload in found:
        age = datetime.now(timezone.utc) - upload["Initiated"]
        assert timedelta(minutes=-5) < age < timedelta(minutes=5), upload["Initiated"]
    return [(upload["Key"], upload["UploadId"]) for upload in found]


def held(upload):
    """Numbers, sizes and tags of the parts, page by page."""
    pages = s3.get_paginator("list_parts").paginate(**upload, PaginationConfig={"PageSize": 2})
    parts = [part for page in pages for part in page.get("Parts", [])]
    return [(part["PartNumber"], part["Size"], part["ETag"]) for part in parts]


def refused(code, call, **arguments):
    """Holds a call to its error. It has a connection of its own: versitygw may take what it has not
    read of a refused body for the next request."""
    client = boto3.client("s3")
    try:
        getattr(client, call)(**arguments)
    except ClientError as error:
        assert error.response["Error"]["Code"] in code, error
        return
    finally:
        client.close()
    raise AssertionError(f"{call} was not refused with {code}")


def end_of(job):
    """The job once it has ended."""
    until = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < until:
        status, answer = ask_api("GET", f"/v1/jobs/{job}")
        assert status == 200, (status, answer)
        if answer["is_terminal"]:
            return answer
        time.sleep(0.2)
    raise AssertionError(f"the job has not ended: {answer}")


def completes(content):
    """Everything up to the end of the job."""
    job, upload, signed, parts = announce("completed.csv", content)
    assert open_uploads() == [(upload["Key"], upload["UploadId"])], open_uploads()
    status, first = send(signed[0], parts[0])
    assert status == 200, status
    second = s3.upload_part(**upload, PartNumber=2, Body=parts[1])
    sha256 = base64.b64encode(hashlib.sha256(parts[2]).digest()).decode()
    third = s3.upload_part(**upload, PartNumber=3, Body=parts[2], ChecksumSHA256=sha256)
    tags = [first, second["ETag"], third["ETag"]]
    expected = [(n + 1, len(part), tags[n]) for n, part in enumerate(parts)]
    assert held(upload) == expected, held(upload)
    wrong = {"PartNumber": 2, "Body": parts[0], "ChecksumCRC32": "AAAAAA=="}
    refused(["BadDigest"], "upload_part", **upload, **wrong)
    assert held(upload) == expected, "a refused part changes nothing"
    listed = [{"PartNumber": n + 1, "ETag": tag} for n, tag in enumerate(tags)]
    done = s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": listed})
    assert done["Key"] == upload["Key"] and done["ETag"].strip('"').endswith("-3"), done["ETag"]
    assert open_uploads() == []
    head = s3.head_object(Bucket=BUCKET, Key=upload["Key"])
    assert (head["ContentLength"], head["ContentType"]) == (len(content), "text/csv"), head
    end = end_of(job)
    counts = end["counts"]
    assert end["state"] == "completed", end
    assert counts["accepted"] == ROWS and counts["total"] == ROWS + counts["ignored"], counts
    assert not counts["duplicate"] + counts["rejected"] + counts["failed"] + counts["pending"], counts
    print(f"boto3 {boto3.__version__}: listed and completed, {ROWS} rows accepted")


def aborts(content):
    """Nothing is left of an upload that is given up."""
    job, upload, signed, parts = announce("aborted.csv", content)
    assert send(signed[0], parts[0])[0] == 200
    s3.upload_part(**upload, PartNumber=2, Body=parts[1])
    assert len(held(upload)) == 2
    s3.abort_multipart_upload(**upload)
    assert open_uploads() == []
    refused(["NoSuchUpload"], "list_parts", **upload)
    refused(["NoSuchUpload"], "upload_part", **upload, PartNumber=3, Body=b"late")
    status, answer = ask_api("POST", f"/v1/jobs/{job}/complete", b"")
    assert (status, answer["code"]) == (409, "upload_gone"), (status, answer)
    refused(["404", "NoSuchKey"], "head_object", Bucket=BUCKET, Key=upload["Key"])
    print(f"boto3 {boto3.__version__}: aborted, nothing is left")


def main():
    with open(os.environ["MILLRACE_FILE"], "rb") as file:
        content = file.read()
    completes(content)
    aborts(content + b"\n")


if __name__ == "__main__":
    main()
