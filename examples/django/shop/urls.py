from django.http import JsonResponse
from django.urls import include, path

from shop.models import Product


def products(request):
    return JsonResponse({"products": list(Product.objects.values("id", "name"))})


urlpatterns = [path("", products), path("", include("django_prometheus.urls"))]
