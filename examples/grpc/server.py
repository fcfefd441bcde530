import signal
from concurrent import futures

import grpc
from grpc_health.v1 import health, health_pb2_grpc

import helloworld_pb2
import helloworld_pb2_grpc


class Greeter(helloworld_pb2_grpc.GreeterServicer):
    def SayHello(self, request, context):
        return helloworld_pb2.HelloReply(message=f"Hello, {request.name}!")


def serve():
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=10))
    helloworld_pb2_grpc.add_GreeterServicer_to_server(Greeter(), server)
    health_pb2_grpc.add_HealthServicer_to_server(health.HealthServicer(), server)
    server.add_insecure_port("0.0.0.0:50051")
    server.start()
    signal.signal(signal.SIGTERM, lambda *_: server.stop(grace=20))
    server.wait_for_termination()


if __name__ == "__main__":
    serve()
