"""The HTTP contract: one pydantic model per request and response body."""

from app.schemas.base import (
    Diversity,
    GenreName,
    ItemId,
    ListLength,
    Model,
    ViewerId,
    check_plain,
    check_time_text,
    convert_to_utc,
)
from app.schemas.feedback import (
    FeedbackEntry,
    FeedbackListResponse,
    FeedbackRequest,
    FeedbackResponse,
)
from app.schemas.health import (
    HealthResponse,
    ReadyResponse,
)
from app.schemas.movies import (
    GenresResponse,
    MovieCard,
    MovieResponse,
    MoviesResponse,
    SimilarMovie,
    SimilarResponse,
)
from app.schemas.problems import (
    FieldError,
    Problem,
)
from app.schemas.recommendations import (
    AnonymousRecommendationResponse,
    BecauseItem,
    DebugItem,
    DebugResponse,
    EvidenceOut,
    ReasonOut,
    RecommendationResponse,
    RecommendedMovie,
    RecommendRequest,
    SourceHitOut,
)
from app.schemas.viewers import (
    HistoryEntry,
    ShareOut,
    TasteResponse,
    ViewerOut,
    ViewersResponse,
)

__all__ = [
    "AnonymousRecommendationResponse",
    "BecauseItem",
    "DebugItem",
    "DebugResponse",
    "Diversity",
    "EvidenceOut",
    "FeedbackEntry",
    "FeedbackListResponse",
    "FeedbackRequest",
    "FeedbackResponse",
    "FieldError",
    "GenreName",
    "GenresResponse",
    "HealthResponse",
    "HistoryEntry",
    "ItemId",
    "ListLength",
    "Model",
    "MovieCard",
    "MovieResponse",
    "MoviesResponse",
    "Problem",
    "ReadyResponse",
    "ReasonOut",
    "RecommendRequest",
    "RecommendationResponse",
    "RecommendedMovie",
    "ShareOut",
    "SimilarMovie",
    "SimilarResponse",
    "SourceHitOut",
    "TasteResponse",
    "ViewerId",
    "ViewerOut",
    "ViewersResponse",
    "check_plain",
    "check_time_text",
    "convert_to_utc",
]
