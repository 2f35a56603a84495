"""The public names, for type checkers; `__init__.py` imports each at its first use."""

from novita_infra.api.errors import ApiError as ApiError
from novita_infra.api.errors import AtLimit as AtLimit
from novita_infra.api.errors import Busy as Busy
from novita_infra.api.errors import InUse as InUse
from novita_infra.api.errors import NoCapacity as NoCapacity
from novita_infra.api.errors import NoMoney as NoMoney
from novita_infra.api.errors import NotFound as NotFound
from novita_infra.api.errors import Refused as Refused
from novita_infra.api.errors import Throttled as Throttled
from novita_infra.api.errors import Unanswered as Unanswered
from novita_infra.api.errors import Unauthorized as Unauthorized
from novita_infra.api.errors import Unreachable as Unreachable
from novita_infra.library.async_projects import AsyncProject as AsyncProject
from novita_infra.library.clients import AsyncClient as AsyncClient
from novita_infra.library.clients import Client as Client
from novita_infra.library.options import PlanChoices as PlanChoices
from novita_infra.library.projects import Project as Project
from novita_infra.library.results import SECRET as SECRET
from novita_infra.library.results import UNKNOWN as UNKNOWN
from novita_infra.library.results import ApplyFailed as ApplyFailed
from novita_infra.library.results import DriftedResource as DriftedResource
from novita_infra.library.results import PlannedChange as PlannedChange
from novita_infra.library.results import PlanSummary as PlanSummary
from novita_infra.library.results import ProjectState as ProjectState
from novita_infra.library.results import RecordedResource as RecordedResource
from novita_infra.library.results import RunEvent as RunEvent
from novita_infra.library.results import RunResult as RunResult
from novita_infra.library.runs import ApplyRun as ApplyRun
from novita_infra.library.runs import AsyncApplyRun as AsyncApplyRun
from novita_infra.model.diagnostics import Diagnostic as Diagnostic
from novita_infra.model.diagnostics import NovitaInfraError as NovitaInfraError
from novita_infra.model.diagnostics import Problems as Problems

__version__: str
