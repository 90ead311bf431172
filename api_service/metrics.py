"""What api_service counts and times, beside what both services do."""

from service_kit import rate_limit
from service_kit.metrics import Counter, Gauge, Histogram, Oldest, dropped, requests, vitals

TOKENS_REFUSED = Counter(
    "api_tokens_refused_total",
    "Bearer tokens refused, by reason.",
    {
        "reason": (
            "missing",
            "malformed",
            "other_algorithm",
            "unknown_key",
            "wrong_signature",
            "missing_claim",
            "wrong_issuer",
            "wrong_audience",
            "expired",
            "not_yet_valid",
            "lives_too_long",
            "session_revoked",
            "user_revoked",
            "other",
        )
    },
)
PROBLEMS = Counter(
    "api_problems_total",
    "Refusals and failures told to callers, by their type.",
    {
        "problem": (
            "invalid-token",
            "invalid-api-key",
            "not-permitted",
            "invalid-request",
            "invalid-input",
            "not-found",
            "method-not-allowed",
            "too-large",
            "too-many-requests",
            "too-many-answers",
            "tokens-used-up",
            "api-key-used-up",
            "unexpected",
            "unavailable",
            "index-unavailable",
            "book-missing",
            "keys-unavailable",
            "limit-unavailable",
            "too-busy",
            "month-used-up",
            "revocations-unknown",
            "api-keys-unavailable",
            "model-unavailable",
            "deadline-exceeded",
        )
    },
)
REVOCATIONS_AGE = Oldest(
    "api_revocations_age_seconds",
    "Seconds since auth-service was last heard on what it has revoked; since the start, where "
    "it was never.",
)
ANSWERS = Counter(
    "api_answers_total",
    "Answers told to their end, by how they came about; again: one that another reader has had.",
    {"outcome": ("generated", "extractive", "refused", "again")},
)
UNDER_WAY = Gauge("api_answers_under_way", "Answers that are being told.")
ANSWER_TIMES = Histogram(
    "api_answer_seconds",
    "Time from a question to its sources, to the first word of its answer, and to the end.",
    {"until": ("sources", "first_token", "end")},
    (0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0, 60.0, 120.0),
)
SEARCH_TIMES = Histogram(
    "api_search_stage_seconds",
    "Time of a search's stages: the question embedded, the index searched, the best reranked.",
    {"stage": ("embedding", "index", "reranking")},
)
SEARCHES = Counter(
    "api_searches_total",
    "Searches by what they compared: terms alone (bm25), where the embedder is away.",
    {"by": ("hybrid", "bm25", "dense")},
)
CITATIONS = Counter(
    "api_citations_total",
    "Citations in answers, by whether the source says what is stated.",
    {"supported": ("yes", "no")},
)
TOKENS = Counter(
    "api_llm_tokens_total",
    "Tokens that answers took, by model: the vendor's count, else ours.",
    {"model": (), "direction": ("input", "output")},
)
COST = Counter(
    "api_llm_cost_dollars_total",
    "Estimated cost of these in US dollars, where the model's price is known.",
    {"model": ()},
)
UPSTREAM_ERRORS = Counter(
    "api_upstream_errors_total",
    "Failures of what answers depend on, by reason.",
    {
        "upstream": ("openai", "reranker", "index", "auth_service"),
        "reason": (
            "busy",
            "failed",
            "bad_reply",
            "key_refused",
            "request_refused",
            "filtered",
            "silent",
            "away",
        ),
    },
)
CIRCUITS_OPENED = Counter(
    "api_circuits_opened_total",
    "Times that a model was left alone for a while, since it had failed too often.",
    {"name": ()},
)

METRICS = (
    *requests.METRICS,
    *vitals.METRICS,
    dropped.DROPPED,
    *rate_limit.METRICS,
    TOKENS_REFUSED,
    PROBLEMS,
    REVOCATIONS_AGE,
    ANSWERS,
    UNDER_WAY,
    ANSWER_TIMES,
    SEARCH_TIMES,
    SEARCHES,
    CITATIONS,
    TOKENS,
    COST,
    UPSTREAM_ERRORS,
    CIRCUITS_OPENED,
)
