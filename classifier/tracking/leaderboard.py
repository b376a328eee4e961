"""The leaderboard as a saved view of the MLflow UI: which columns, in which order, best candidate first.

MLflow keeps the saved views of an experiment in tags of the experiment; the state is JSON, deflated,
in base64. The layout is that of MLflow 3.17; a UI that does not understand it shows its own default.
"""

from __future__ import annotations

import base64
import json
import time
import zlib

VIEW = "leaderboard"
VIEW_TAG = f"mlflow.sharedViewState.{VIEW}"

_COLUMNS = (
    "metrics.`cv_macro_f1`",
    "metrics.`cv_accuracy`",
    "metrics.`cv_log_loss`",
    "metrics.`cv_ece`",
    "metrics.`test_macro_f1`",
    "metrics.`headlines_per_second`",
    "params.`features`",
    "params.`estimator`",
    "params.`C`",
)


def leaderboard_view(metric: str) -> str:
    """Return the value of :data:`VIEW_TAG` for an experiment whose candidates are compared by ``metric``.

    Args:
        metric: ``macro_f1``, ``accuracy`` or ``log_loss``, of cross-validation.
    """
    state = {
        "searchFilter": "",
        "orderByKey": f"metrics.`cv_{metric}`",
        "orderByAsc": metric == "log_loss",
        "startTime": "ALL",
        "lifecycleFilter": "Active",
        "datasetsFilter": [],
        "modelVersionFilter": "All Runs",
        "selectedColumns": list(_COLUMNS),
        "columnOrder": list(_COLUMNS),
        "columnWidths": {"params.`features`": 260},
        "runsHiddenMode": "FIRST_10_RUNS",
        "viewMaximized": False,
        "runListHidden": False,
        "isAccordionReordered": False,
        "useGroupedValuesInCharts": True,
        "hideEmptyCharts": True,
        "groupBy": None,
        "groupsExpanded": {},
    }
    packed = base64.b64encode(zlib.compress(json.dumps(state).encode())).decode()
    now = int(time.time() * 1000)
    view = {"name": "Leaderboard", "createdAt": now, "updatedAt": now, "state": f"deflate;{packed}"}
    return json.dumps(view)


def leaderboard_address(server: str, experiment_id: str) -> str:
    """Return the address of an experiment's leaderboard in the UI at ``server``."""
    return f"{server}/#/experiments/{experiment_id}/runs?viewStateShareKey={VIEW}"
