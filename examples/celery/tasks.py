import os

from celery import Celery
from redis import Redis

HOST, PORT = os.environ["REDIS_HOST"], os.environ["REDIS_PORT"]

app = Celery("tasks", broker=f"redis://{HOST}:{PORT}/0")
receipts = Redis(host=HOST, port=int(PORT), db=1)


@app.task
def send_receipt(order: int):
    receipts.rpush("sent", order)
