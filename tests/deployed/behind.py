"""What the tests of the deployed form do behind the API's back, with AWS's own SDK.

    behind.py pause QUEUE_URL          no message of the queue reaches its function any more
    behind.py resume QUEUE_URL
    behind.py poison QUEUE_URL BATCH   the waiting chunk message of this batch gets an unknown schema version
    behind.py empty BUCKET             removes every version of every object
    behind.py left STACK               prints the names of what the stack left behind, one a line
"""
import json
import sys
import time

import boto3

UNKNOWN_VERSION = 99
PATIENCE_SECONDS = 60


def arn_of(url):
    attributes = boto3.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    return attributes["Attributes"]["QueueArn"]


def switch(url, enabled):
    functions = boto3.client("lambda")
    found = functions.list_event_source_mappings(EventSourceArn=arn_of(url))["EventSourceMappings"]
    assert len(found) == 1, found
    functions.update_event_source_mapping(UUID=found[0]["UUID"], Enabled=enabled)


def poison(url, batch):
    """The message is taken out and sent again with another version; the others are given back."""
    queue = boto3.client("sqs")
    until = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < until:
        received = queue.receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=5)
        for message in received.get("Messages", []):
            body = json.loads(message["Body"])
            if body["task"] == "chunk" and body["batch"] == batch:
                queue.send_message(QueueUrl=url, MessageBody=json.dumps(body | {"v": UNKNOWN_VERSION}))
                queue.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
                return
        time.sleep(0.2)
    sys.exit(f"no chunk message of batch {batch} came in {PATIENCE_SECONDS} s")


def empty(bucket):
    boto3.resource("s3").Bucket(bucket).object_versions.delete()


def left(stack):
    """Everything a stack of ours is made of, as far as it carries the stack's name or is the only of its kind."""
    names = [f"function {f['FunctionName']}" for f in boto3.client("lambda").list_functions()["Functions"]]
    names += [f"queue {url}" for url in boto3.client("sqs").list_queues().get("QueueUrls", [])]
    names += [f"table {name}" for name in boto3.client("dynamodb").list_tables()["TableNames"]]
    names += [f"bucket {bucket['Name']}" for bucket in boto3.client("s3").list_buckets()["Buckets"]]
    names += [f"log group {g['logGroupName']}" for g in boto3.client("logs").describe_log_groups()["logGroups"]]
    names += [f"rule {rule['Name']}" for rule in boto3.client("events").list_rules()["Rules"]]
    names += [f"API {api['Name']}" for api in boto3.client("apigatewayv2").get_apis()["Items"]]
    pages = boto3.client("cloudfront").list_distributions().get("DistributionList", {})
    names += [f"distribution {page['DomainName']}" for page in pages.get("Items", [])]
    names += [f"role {role['RoleName']}" for role in boto3.client("iam").list_roles()["Roles"]]
    mappings = boto3.client("lambda").list_event_source_mappings()["EventSourceMappings"]
    names += [f"event source {mapping['EventSourceArn']}" for mapping in mappings]
    stacks = boto3.client("cloudformation").list_stacks()["StackSummaries"]
    names += [f"stack {s['StackName']}" for s in stacks if s["StackStatus"] != "DELETE_COMPLETE"]
    # `sam deploy --resolve-s3` keeps a stack of its own, with a bucket, for every later deployment.
    print("\n".join(name for name in names if stack in name or "aws-sam-cli-managed" not in name))


if __name__ == "__main__":
    verb, *arguments = sys.argv[1:]
    match verb, arguments:
        case "pause", [url]:
            switch(url, False)
        case "resume", [url]:
            switch(url, True)
        case "poison", [url, batch]:
            poison(url, int(batch))
        case "empty", [bucket]:
            empty(bucket)
        case "left", [stack]:
            left(stack)
        case _:
            sys.exit(__doc__)
