"""The files for the places people deploy to, as far as they can be judged without these places.

What a file sets is read by the settings classes themselves; what it names is there: Dockerfiles,
commands, paths that are asked, secrets that somebody is told to make.
"""

import importlib.util
import json
import re
import shutil
import subprocess
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import kubernetes_validate
import pytest
import yaml

from api_service.settings import Settings as ApiSettings
from auth_service.settings import DatabaseSettings
from auth_service.settings import Settings as AuthSettings
from service_kit.settings import ServiceSettings
from tests.contract.test_env_example import variables

CHECKOUT = Path(__file__).parents[2]
SETTINGS: dict[str, type[ServiceSettings]] = {"auth": AuthSettings, "api": ApiSettings}
PROBES = {"/health", "/health/live", "/ready"}
# What the places ask for or make: values of the right form.
GIVEN = {
    "BETTER_AUTH_SECRET": "0f2c9b7a4d8e1635a7c04b9e2d61f38c",
    "JWT_SECRET": "9d31e7c2b6a84f05e1d7a3c96b20f48e",
    "DATABASE_URL": "postgresql://ai_book:word@database.example/ai_book",
    "RATE_LIMIT_STORAGE_URI": "redis://redis.example:6379",
    "MAIL_URL": "smtps://user:word@mail.example",
    "QDRANT_URL": "https://qdrant.example:6333",
    "QDRANT_API_KEY": "key",
    "OPENAI_API_KEY": "key",
    "TRUSTED_ORIGINS": "https://book.example",
    "BETTER_AUTH_URL": "https://auth.book.example",
    "AUTH_SERVICE_URL": "https://auth.book.example",
    "BOOK_BASE_URL": "https://book.example/docs",
    "TRUSTED_PROXIES": "100.64.0.0/10",
    "CLIENT_IP_HEADER": "X-Real-IP",
}


def read_as(service: str, environment: Mapping[str, str]) -> ServiceSettings:
    """Read a service's settings of nothing but these; each of them is one of its own."""
    known = set(variables(SETTINGS[service]))
    unknown = set(environment) - known
    # One file sets both where the other's is of no effect.
    others = {name for kind in SETTINGS.values() for name in variables(kind)}
    assert unknown <= others
    return SETTINGS[service].model_validate(
        {name: value for name, value in environment.items() if name in known}
    )


def seconds(text: object) -> int:
    return int(str(text).removesuffix("s"))


def runs(command: list[str]) -> bool:
    """Whether a command names a module or script of ours."""
    if command[:2] == ["python", "-m"]:
        return importlib.util.find_spec(command[2]) is not None
    scripts = tomllib.loads((CHECKOUT / "pyproject.toml").read_text("utf-8"))["project"]["scripts"]
    return command[0] in scripts


# --- Kubernetes ----------------------------------------------------------------------------------


@cache
def manifests() -> list[dict[str, Any]]:
    """What `kubectl kustomize` makes of the folder; without it, the files as they are."""
    folder = CHECKOUT / "ops/kubernetes"
    if shutil.which("kubectl"):
        made = subprocess.run(
            ["kubectl", "kustomize", folder], capture_output=True, text=True, check=True, timeout=60
        ).stdout
        return list(yaml.safe_load_all(made))
    stated = yaml.safe_load((folder / "kustomization.yaml").read_text("utf-8"))
    found = [
        document
        for name in stated["resources"]
        for document in yaml.safe_load_all((folder / name).read_text("utf-8"))
    ]
    for generated in stated["configMapGenerator"]:
        data = dict(line.split("=", 1) for line in generated["literals"])
        metadata = {"name": generated["name"]}
        found.append({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data})
    return found


def of_kind(*kinds: str) -> list[dict[str, Any]]:
    return [one for one in manifests() if one["kind"] in kinds]


def pods() -> Iterator[tuple[str, dict[str, Any]]]:
    """Every pod that is made, by what it is called."""
    for one in of_kind("Deployment", "Job", "CronJob"):
        spec = one["spec"]
        if one["kind"] == "CronJob":
            spec = spec["jobTemplate"]["spec"]
        yield one["metadata"]["name"], spec["template"]


def containers() -> Iterator[tuple[str, dict[str, Any]]]:
    for name, pod in pods():
        for container in (*pod["spec"].get("initContainers", ()), *pod["spec"]["containers"]):
            yield name, container


def environment_of(container: dict[str, Any]) -> dict[str, str]:
    (config,) = of_kind("ConfigMap")
    found = dict(config["data"]) if container.get("envFrom") else {}
    for each in container.get("env", ()):
        found[each["name"]] = each.get("value") or GIVEN[each["valueFrom"]["secretKeyRef"]["key"]]
    return found


@pytest.mark.parametrize("version", ["1.31", "1.33", "1.37"])
def test_every_manifest_is_one_that_kubernetes_takes(version: str) -> None:
    for one in manifests():
        kubernetes_validate.validate(one, version, strict=True)


def test_a_manifest_with_a_slip_is_none_that_kubernetes_takes() -> None:
    (deployment, *_) = of_kind("Deployment")
    slip = {**deployment, "spec": {**deployment["spec"], "replica": 2}}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(slip, "1.33", strict=True)


def test_pods_run_confined_and_within_bounds() -> None:
    for _, pod in pods():
        spec = pod["spec"]
        assert spec["automountServiceAccountToken"] is False
        assert spec["securityContext"]["runAsNonRoot"] is True
        assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    for _, container in containers():
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert {"cpu", "memory"} <= set(container["resources"]["requests"])
        assert "memory" in container["resources"]["limits"]
        assert "command" not in container or runs(container["command"])


def test_the_pods_are_those_of_the_images() -> None:
    user = re.compile(r"--uid (\d+)")
    for file in ("Dockerfile.auth", "Dockerfile.api"):
        (uid,) = user.findall((CHECKOUT / file).read_text("utf-8"))
        assert {pod["spec"]["securityContext"]["runAsUser"] for _, pod in pods()} == {int(uid)}


@pytest.mark.parametrize("service", ["auth", "api"])
def test_the_settings_of_a_pod_are_read_by_its_service(service: str) -> None:
    ((_, container),) = [each for each in containers() if each[1]["name"] == f"{service}-service"]
    settings = read_as(service, environment_of(container))
    ports = {port["name"]: port["containerPort"] for port in container["ports"]}
    assert isinstance(settings, AuthSettings | ApiSettings)
    assert ports == {"http": settings.port, "metrics": settings.metrics_port}


def test_the_settings_of_a_job_are_read_by_its_command() -> None:
    for name, container in containers():
        if name == "retention" or container["name"] == "migrate":
            DatabaseSettings.model_validate(
                {"DATABASE_URL": environment_of(container)["DATABASE_URL"]}
            )
        elif name == "ingest":
            read_as("api", {**environment_of(container), "JWT_SECRET": GIVEN["JWT_SECRET"]})


def test_every_probe_asks_what_is_answered_and_readiness_alone_asks_dependencies() -> None:
    for deployment in of_kind("Deployment"):
        (container,) = deployment["spec"]["template"]["spec"]["containers"]
        probes = {
            kind: container[f"{kind}Probe"]["httpGet"]["path"]
            for kind in ("liveness", "readiness", "startup")
        }
        assert probes == {
            "liveness": "/health/live",
            "readiness": "/ready",
            "startup": "/health/live",
        }


def test_a_pod_is_taken_out_before_it_lets_nobody_in_and_ends_before_it_is_killed() -> None:
    for deployment in of_kind("Deployment"):
        spec = deployment["spec"]["template"]["spec"]
        (container,) = spec["containers"]
        settings = read_as(container["name"].removesuffix("-service"), environment_of(container))
        assert isinstance(settings, AuthSettings | ApiSettings)
        probe = container["readinessProbe"]
        noticed = probe["periodSeconds"] * probe["failureThreshold"]
        assert settings.shutdown_notice.total_seconds() > noticed
        grace = settings.shutdown_grace.total_seconds()
        assert spec["terminationGracePeriodSeconds"] >= grace + 10


def test_what_selects_pods_selects_some() -> None:
    labels = {name: pod["metadata"]["labels"] for name, pod in pods()}

    def selected(wanted: dict[str, str]) -> bool:
        return any(wanted.items() <= each.items() for each in labels.values())

    for one in of_kind("Service"):
        assert selected(one["spec"]["selector"])
    for one in of_kind("Deployment", "PodDisruptionBudget"):
        assert selected(one["spec"]["selector"]["matchLabels"])
    for policy in of_kind("NetworkPolicy"):
        wanted = [policy["spec"]["podSelector"]]
        for rule in (*policy["spec"].get("ingress", ()), *policy["spec"].get("egress", ())):
            ends = (*rule.get("from", ()), *rule.get("to", ()))
            wanted += [end["podSelector"] for end in ends if "podSelector" in end]
        assert all(selected(each.get("matchLabels", {})) for each in wanted)
    deployments = {one["metadata"]["name"] for one in of_kind("Deployment")}
    scaled = {one["spec"]["scaleTargetRef"]["name"] for one in of_kind("HorizontalPodAutoscaler")}
    kept = {one["metadata"]["name"] for one in of_kind("PodDisruptionBudget")}
    assert deployments == scaled == kept == {one["metadata"]["name"] for one in of_kind("Service")}


def allowed_in(service: str) -> dict[str, set[str]]:
    """Which ports of a service's pods the policies open, by namespace or service."""
    opened: dict[str, set[str]] = {}
    for policy in of_kind("NetworkPolicy"):
        selector = policy["spec"]["podSelector"]
        names = [selector.get("matchLabels", {}).get("app.kubernetes.io/name")]
        names += [name for each in selector.get("matchExpressions", ()) for name in each["values"]]
        for rule in policy["spec"].get("ingress", ()) if service in names else ():
            for (end,) in (each.values() for each in rule["from"]):
                (who,) = end["matchLabels"].values()
                opened.setdefault(who, set()).update(port["port"] for port in rule["ports"])
    return opened


def test_pods_are_reached_by_whom_they_serve_and_by_prometheus_and_nobody_else() -> None:
    led = {"ingress-nginx": {"http"}, "monitoring": {"metrics"}}
    assert allowed_in("auth-service") == {**led, "api-service": {"http"}}
    assert allowed_in("api-service") == led
    for service in of_kind("Service"):
        assert [port["targetPort"] for port in service["spec"]["ports"]] == ["http"]


def test_pods_reach_names_and_what_their_addresses_name() -> None:
    (ways_out,) = [
        one["spec"] for one in of_kind("NetworkPolicy") if one["metadata"]["name"] == "ways-out"
    ]
    assert ways_out["podSelector"] == {}
    ports = {
        (port["port"], port.get("protocol", "TCP"))
        for rule in ways_out["egress"]
        for port in rule["ports"]
    }
    named = {5432, 465, 587, 443, 6379}
    (config,) = of_kind("ConfigMap")
    named.add(urlsplit(config["data"]["QDRANT_URL"]).port or 443)
    assert ports == {(53, "UDP"), *((port, "TCP") for port in (53, *named))}


def test_several_pods_count_together() -> None:
    for scaler in of_kind("HorizontalPodAutoscaler"):
        assert scaler["spec"]["minReplicas"] >= 2
    for name, container in containers():
        if container["name"] == name:
            assert name not in {"auth-service", "api-service"} or (
                "RATE_LIMIT_STORAGE_URI" in environment_of(container)
            )


def test_readers_reach_both_services_and_nothing_below_internal() -> None:
    (ingress,) = of_kind("Ingress")
    (rule,) = ingress["spec"]["rules"]
    led = {path["path"]: path["backend"]["service"]["name"] for path in rule["http"]["paths"]}
    assert led == {"/api/auth": "auth-service", "/v1": "api-service"}


def test_the_secrets_that_pods_want_are_those_the_page_has_made() -> None:
    wanted = {
        (each["valueFrom"]["secretKeyRef"]["name"], each["name"])
        for _, container in containers()
        for each in container.get("env", ())
        if "valueFrom" in each
    }
    page = (CHECKOUT / "docs/deploy/kubernetes.md").read_text("utf-8")
    assert {name for name, _ in wanted} == {"ai-book"}
    assert [key for _, key in sorted(wanted) if f"{key}=" not in page] == []


# --- The services' own names ---------------------------------------------------------------------


def test_the_name_api_service_calls_auth_service_by_is_one_that_it_serves() -> None:
    (config,) = of_kind("ConfigMap")
    host = urlsplit(config["data"]["AUTH_SERVICE_URL"]).hostname
    assert host in config["data"]["ALLOWED_HOSTS"].split(",")
    assert "ALLOWED_HOSTS: ${SITE},auth-service" in (CHECKOUT / "ops/vm/compose.yaml").read_text()


# --- One machine ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def machine() -> dict[str, Any]:
    if not shutil.which("docker"):
        pytest.skip("needs Docker Compose, which reads the two files as one")
    page = (CHECKOUT / "docs/deploy/vm.md").read_text("utf-8")
    done = subprocess.run(
        ["docker", "compose", "config", "--format", "json"],
        cwd=CHECKOUT,
        env={
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            **dict(re.findall(r"(SITE|COMPOSE_FILE)=(\S+)", page)),
            "POSTGRES_PASSWORD": "word",
            **{name: GIVEN[name] for name in ("BETTER_AUTH_SECRET", "JWT_SECRET")},
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    if done.returncode != 0 and "SITE" not in done.stderr and "compose" in done.stderr:
        pytest.skip(f"needs Docker Compose 2.24 or newer: {done.stderr}")
    assert done.returncode == 0, done.stderr
    read: dict[str, Any] = json.loads(done.stdout)
    return read


def test_on_one_machine_caddy_alone_can_be_reached(machine: dict[str, Any]) -> None:
    reached = {name for name, each in machine["services"].items() if each.get("ports")}
    assert reached == {"caddy"}


def test_on_one_machine_the_forwarded_address_is_believed_from_its_network_alone(
    machine: dict[str, Any],
) -> None:
    ((network,),) = [each["ipam"]["config"] for each in machine["networks"].values()]
    for service in SETTINGS:
        environment = {
            name: value
            for name, value in machine["services"][f"{service}-service"]["environment"].items()
            if value
        }
        settings = read_as(service, environment)
        assert isinstance(settings, AuthSettings | ApiSettings)
        assert [str(each) for each in settings.trusted_proxies] == [network["subnet"]]
        assert settings.trusted_origins == ("https://book.example",)


def test_on_one_machine_a_book_is_ingested_with_the_sites_address(machine: dict[str, Any]) -> None:
    for service in ("ingest", "api-service"):
        environment = machine["services"][service]["environment"]
        assert environment["BOOK_BASE_URL"] == "https://book.example/docs"


def test_caddy_leads_to_the_services_by_the_names_and_ports_they_have() -> None:
    text = (CHECKOUT / "ops/vm/Caddyfile").read_text("utf-8")
    assert re.findall(r"handle (\S+) \{\s+reverse_proxy (\S+)", text) == [
        ("/api/auth/*", "auth-service:3001"),
        ("/v1/*", "api-service:8000"),
    ]
    assert text.count("{") == text.count("}")


# --- Platforms -----------------------------------------------------------------------------------


@pytest.mark.parametrize("service", ["auth", "api"])
def test_flys_file_is_read_by_its_service(service: str) -> None:
    stated = tomllib.loads((CHECKOUT / f"fly.{service}.toml").read_text("utf-8"))
    page = (CHECKOUT / "docs/deploy/fly.md").read_text("utf-8")
    secrets = re.findall(rf"fly secrets set --app {stated['app']} ([^`]+?)\n", page)
    given = set(re.findall(r"([A-Z_]+)=", " ".join(secrets)))
    settings = read_as(service, {**stated["env"], **{name: GIVEN[name] for name in given}})
    assert isinstance(settings, AuthSettings | ApiSettings)
    assert stated["http_service"]["internal_port"] == settings.port
    assert (CHECKOUT / stated["build"]["dockerfile"]).is_file()
    assert {check["path"] for check in stated["http_service"]["checks"]} == {"/ready"}
    assert seconds(stated["kill_timeout"]) >= settings.shutdown_grace.total_seconds() + 10
    assert stated["kill_signal"] == "SIGTERM"
    command = stated["deploy"].get("release_command")
    assert runs(command.split()) if service == "auth" else command is None


def test_flys_two_apps_know_each_other() -> None:
    auth, api = (
        tomllib.loads((CHECKOUT / f"fly.{service}.toml").read_text("utf-8")) for service in SETTINGS
    )
    address = f"https://{auth['app']}.fly.dev"
    assert api["env"]["AUTH_SERVICE_URL"] == address
    assert auth["env"]["BETTER_AUTH_URL"] == api["env"]["BETTER_AUTH_URL"] == address


@pytest.mark.parametrize("service", ["auth", "api"])
def test_railways_file_names_what_is_there(service: str) -> None:
    stated = json.loads((CHECKOUT / f"ops/railway/{service}.json").read_text("utf-8"))
    deploy = stated["deploy"]
    assert set(stated) == {"$schema", "build", "deploy"}
    assert (CHECKOUT / stated["build"]["dockerfilePath"]).is_file()
    assert deploy["healthcheckPath"] in PROBES
    assert seconds(deploy["drainingSeconds"]) >= 30
    assert [runs(each.split()) for each in deploy.get("preDeployCommand", ())] == [True] * (
        service == "auth"
    )
    for pattern in stated["build"]["watchPatterns"]:
        assert list(CHECKOUT.glob(pattern)), pattern


@pytest.mark.parametrize("service", ["auth", "api"])
def test_what_the_page_sets_on_railway_is_read_by_its_service(service: str) -> None:
    page = (CHECKOUT / "docs/deploy/railway.md").read_text("utf-8")
    (rows,) = re.findall(
        rf"^## {service}-service\n(.*?)(?=^## |\Z)", page, re.MULTILINE | re.DOTALL
    )
    named = re.findall(r"^\| `([A-Z_]+)` \|", rows, re.MULTILINE)
    assert named
    read_as(service, {name: GIVEN[name] for name in named})


def blueprint() -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load((CHECKOUT / "render.yaml").read_text("utf-8"))
    return read


@pytest.mark.parametrize("service", ["auth", "api"])
def test_renders_blueprint_is_read_by_its_services(service: str) -> None:
    stated = blueprint()
    groups = {group["name"]: group["envVars"] for group in stated["envVarGroups"]}
    (one,) = [each for each in stated["services"] if each["name"] == f"ai-book-{service}"]
    environment: dict[str, str] = {"PORT": "10000"}
    for entry in one["envVars"]:
        for each in groups[entry["fromGroup"]] if "fromGroup" in entry else [entry]:
            environment[each["key"]] = str(each.get("value") or GIVEN[each["key"]])
    port = int(environment.pop("PORT"))
    settings = SETTINGS[service].model_validate({**environment, "PORT": port})
    assert isinstance(settings, AuthSettings | ApiSettings)
    assert settings.port == port
    read_as(service, environment)
    assert one["runtime"] == "docker"
    assert (CHECKOUT / one["dockerfilePath"]).is_file()
    assert one["healthCheckPath"] in PROBES
    assert one["maxShutdownDelaySeconds"] >= settings.shutdown_grace.total_seconds() + 10
    assert runs(one["preDeployCommand"].split()) if service == "auth" else True


def test_renders_blueprint_refers_to_what_it_makes_and_asks_for_secrets_nowhere_else() -> None:
    stated = blueprint()
    databases = {each["name"] for each in stated["databases"]}
    for group in stated["envVarGroups"]:  # where Render does not ask
        assert not any("sync" in each for each in group["envVars"])
    for one in stated["services"]:
        for each in one["envVars"]:
            if "fromDatabase" in each:
                assert each["fromDatabase"]["name"] in databases
            sources = {"value", "generateValue", "sync", "fromDatabase", "fromGroup"}
            assert len(sources & set(each)) == 1


def test_readers_are_told_apart_on_each_platform_as_the_table_says() -> None:
    table = (CHECKOUT / "docs/deploy/README.md").read_text("utf-8")
    rows = re.findall(r"^\| ([A-Z]\w+) \| `([^`]+)` \| `([\w-]+)` \|$", table, re.MULTILINE)
    names = ("TRUSTED_PROXIES", "CLIENT_IP_HEADER")
    fly = tomllib.loads((CHECKOUT / "fly.auth.toml").read_text("utf-8"))["env"]
    render = {each.get("key"): each.get("value") for each in blueprint()["services"][0]["envVars"]}
    page = (CHECKOUT / "docs/deploy/railway.md").read_text("utf-8")
    railway = dict(re.findall(r"^\| `([A-Z_]+)` \| `([^`]+)`", page, re.MULTILINE))
    assert {where: said for where, *said in rows} == {
        "Fly": [fly[name] for name in names],
        "Railway": [railway[name] for name in names],
        "Render": [render[name] for name in names],
    }
