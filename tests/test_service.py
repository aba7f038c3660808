from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from toy_data import COLD, N_FILMS, make_history

from movierec.errors import UnknownItemError
from movierec.ranking.diversity import diversify
from movierec.ranking.features import FEATURE_NAMES
from movierec.ranking.match import INPUTS, MatchModel
from movierec.reasons import EVIDENCE_SOURCES, MAX_REASONS, list_hits
from movierec.recall.base import liked
from movierec.recall.sources import SOURCE_NAMES
from movierec.schema import Filters, Generation, History
from movierec.service import Query, RecommenderService

USERS = (0, 17, 58, 120)


@pytest.fixture
def service(toy_service) -> RecommenderService:
    return toy_service


class TestFilters:
    @pytest.mark.parametrize("generation", [Generation.V2, Generation.V1_5, Generation.V1_ALS])
    @pytest.mark.parametrize(
        "filters",
        [
            Filters(genres=("Comedy",)),
            Filters(genres=("Western", "War")),
            Filters(year_from=2010),
            Filters(year_to=1999),
            Filters(genres=("Drama",), year_from=2000, year_to=2015),
            Filters(exclude=tuple(range(0, 100))),
        ],
        ids=lambda filters: str(filters)[8:40],
    )
    def test_only_what_passes_and_filled_up_to_k(self, service, filters, generation):
        catalog = service.catalog
        history = service.trained_history(17)
        made = service.recommend(history, Query(k=25, generation=generation, filters=filters))
        fits = [
            index
            for index in range(N_FILMS)
            if (not filters.genres or set(filters.genres) & set(catalog.genres[index]))
            and (filters.year_from is None or catalog.year[index] >= filters.year_from)
            and (filters.year_to is None or catalog.year[index] <= filters.year_to)
            and index not in filters.exclude
            and index not in history.item_idx
        ]
        shown = [item.item_idx for item in made.items]
        assert len(fits) > 3
        assert set(shown) <= set(fits)
        assert len(shown) == min(25, len(fits))
        assert (made.note is None) == (len(fits) >= 25)

    def test_a_short_list_says_why(self, service):
        made = service.recommend(service.trained_history(0), Query(k=10, filters=Filters(year_from=2100)))
        assert made.items == ()
        assert made.note == "Only 0 of 10 films: the filters leave no more."
        everything = make_history([(item, 4.0) for item in range(N_FILMS - 2)])
        made = service.recommend(everything, Query(k=10))
        assert len(made.items) == 2
        assert made.note == "Only 2 of 10 films: everything else has been seen or hidden."

    def test_films_of_unknown_year_pass_no_year_limit(self, service, monkeypatch):
        timeless = replace(service.catalog, year=np.zeros(N_FILMS, np.int32))
        monkeypatch.setattr(service, "catalog", timeless)
        for filters in (Filters(year_to=2020), Filters(year_from=1900)):
            assert service.recommend(service.trained_history(0), Query(filters=filters)).items == ()

    def test_a_filter_keeps_the_order_of_what_passes(self, service):
        """V1.5 scores come from ranks among the allowed, V1 from the source alone: that order must stay."""
        history = service.trained_history(58)
        query = Query(k=100, generation=Generation.V1_ITEM_ITEM)
        wide = [item.item_idx for item in service.recommend(history, query).items if item.hits]
        narrow = service.recommend(
            history, Query(k=10, generation=query.generation, filters=Filters(year_from=2005))
        )
        expected = [index for index in wide if service.catalog.year[index] >= 2005][:10]
        assert [item.item_idx for item in narrow.items][: len(expected)] == expected

    def test_k_of_a_thousand_is_the_whole_unseen_catalogue(self, service):
        history = service.trained_history(0)
        made = service.recommend(history, Query(k=1000))
        assert len(made.items) == N_FILMS - len(history)
        assert {item.item_idx for item in made.items[-len(COLD) :]} == set(COLD)


class TestGenresAndDiversity:
    @pytest.mark.parametrize("genre", ["Comedy", "Thriller", "Western"])
    def test_favourite_genres_move_a_stranger_s_list(self, service, genre):
        def count(*favourites: str) -> int:
            query = Query(k=20, generation=Generation.V1_GENRE, favourite_genres=favourites)
            made = service.recommend(History.empty(), query)
            return sum(genre in service.catalog.genres[item.item_idx] for item in made.items)

        assert count(genre) > count()

    def test_favourite_genres_reach_the_merged_list(self, service):
        lists = [
            [item.item_idx for item in service.recommend(History.empty(), query).items]
            for query in (Query(k=20), Query(k=20, favourite_genres=("Western",)))
        ]
        assert lists[0] != lists[1]

    def test_a_genre_the_catalogue_lacks_is_no_crash(self, service):
        made = service.recommend(service.trained_history(0), Query(favourite_genres=("Ballet",)))
        assert len(made.items) == 10

    def test_no_diversity_is_the_engine_s_order(self, service):
        history = service.trained_history(17)
        made = service.recommend(history, Query(k=20, diversity=0.0))
        expected = service.engine.recommend(history, 20)
        assert [item.item_idx for item in made.items] == expected.item_idx.tolist()
        np.testing.assert_array_equal(np.float32([item.score for item in made.items]), expected.score)

    def test_diversity_is_mmr_over_genres_of_the_engine_s_order(self, service):
        history = service.trained_history(17)
        ranked = service.engine.rank(history, 10)
        vectors = service.engine.builder.genre_unit[ranked.item_idx]
        expected = ranked.item_idx[diversify(ranked.score, vectors, 10, 0.5)]
        made = service.recommend(history, Query(k=10, diversity=0.5))
        assert [item.item_idx for item in made.items] == expected.tolist()

    def test_more_diversity_is_less_alike(self, service):
        def similarity(diversity: float) -> float:
            total = []
            for user in range(0, 160, 16):
                made = service.recommend(service.trained_history(user), Query(k=10, diversity=diversity))
                unit = service.engine.builder.genre_unit[[item.item_idx for item in made.items]]
                pairs = (unit @ unit.T)[np.triu_indices(10, 1)]
                total.append(pairs.mean())
            return float(np.mean(total))

        plain, some, much = similarity(0.0), similarity(0.4), similarity(0.9)
        assert plain > some > much

    def test_a_diversified_list_keeps_its_own_evidence(self, service, monkeypatch):
        """Hits, match and traces belong to the film they stand at, wherever it moved."""
        weights = np.linspace(-1, 1, len(INPUTS))
        telling = MatchModel(np.zeros(len(INPUTS)), np.ones(len(INPUTS)), weights, 0.0)
        monkeypatch.setattr(service, "engine", replace(service.engine, match=telling))
        history = service.trained_history(17)
        ranked = service.engine.rank(history, 10)
        place_of = {int(item): place for place, item in enumerate(ranked.item_idx)}
        traced = service.trace(history, Query(k=10, diversity=0.9))
        items = traced.recommendations.items
        assert [item.item_idx for item in items] != ranked.item_idx[:10].tolist()
        assert len({item.match for item in items}) > 5
        for trace, item in zip(traced.traces, items, strict=True):
            place = place_of[item.item_idx]
            row = int(ranked.row[place])
            assert item.score == float(ranked.score[place])
            assert item.match == float(service.engine.match.predict(ranked.features[row : row + 1])[0])
            assert item.hits == list_hits(ranked, row, service.engine.merge_config)
            assert trace.features["merge_score"] == float(ranked.merged.score[row])


class TestLists:
    @pytest.mark.parametrize("generation", list(Generation))
    def test_places_scores_and_matches(self, service, generation):
        for user in USERS:
            made = service.recommend(service.trained_history(user), Query(k=15, generation=generation))
            assert made.generation is generation
            assert made.bundle == service.version
            assert [item.rank for item in made.items] == list(range(1, 16))
            scores = [item.score for item in made.items]
            assert scores == sorted(scores, reverse=True)
            assert all(0 <= item.match <= 1 for item in made.items)

    def test_batch_is_the_same_list(self, service):
        histories = [service.trained_history(user) for user in range(70)]
        for history, found in zip(histories, service.recommend_batch(histories, 10), strict=True):
            made = service.recommend(history, Query(k=10))
            assert [item.item_idx for item in made.items] == found.item_idx.tolist()
            np.testing.assert_array_equal(np.float32([item.score for item in made.items]), found.score)

    def test_same_question_same_answer(self, service):
        first, second = (service.recommend(service.trained_history(9), Query(k=30)) for _ in range(2))
        assert first.items == second.items
        assert first.funnel == second.funnel

    @pytest.mark.parametrize("filters", [Filters(), Filters(genres=("Drama",), exclude=(1, 2, 3))])
    def test_funnel_adds_up(self, service, filters):
        history = service.trained_history(17)
        made = service.recommend(history, Query(k=12, filters=filters))
        funnel = made.funnel
        proposed = [funnel[f"proposed by {name}"] for name in SOURCE_NAMES]
        unseen = [
            item
            for item in range(N_FILMS)
            if item not in history.item_idx
            and item not in filters.exclude
            and (not filters.genres or set(filters.genres) & set(service.catalog.genres[item]))
        ]
        assert list(funnel) == [
            *("catalogue", "unseen and allowed"),
            *(f"proposed by {name}" for name in SOURCE_NAMES),
            *("merged", "ranked", "shown"),
        ]
        assert funnel["catalogue"] == N_FILMS
        assert funnel["unseen and allowed"] == len(unseen)
        assert max(proposed) <= funnel["merged"] <= min(sum(proposed), len(unseen))
        assert funnel["merged"] <= funnel["ranked"] <= funnel["unseen and allowed"]
        assert funnel["shown"] == len(made.items) == min(12, len(unseen))

    def test_stages_are_timed(self, service):
        timings = service.trace(service.trained_history(0), Query()).recommendations.timings
        assert list(timings) == ["recall", "merge", "features", "ranker", "order", "reasons", "explain"]
        assert all(value >= 0 for value in timings.values())


class TestReasons:
    @pytest.mark.parametrize("generation", [Generation.V2, Generation.V1_5, Generation.V1_POPULARITY])
    def test_every_item_has_reasons_that_rest_on_evidence(self, service, generation):
        histories = [service.trained_history(user) for user in USERS]
        histories += [History.empty(), make_history([(5, 1.0)]), make_history([(COLD[0], 5.0)])]
        named = 0
        for history in histories:
            positive = history.item_idx[liked(history.rating, history.confidence)]
            for item in service.recommend(history, Query(k=50, generation=generation)).items:
                assert 1 <= len(item.reasons) <= MAX_REASONS
                assert len({reason.tag for reason in item.reasons}) == len(item.reasons)
                for reason in item.reasons:
                    named += bool(reason.because)
                    assert set(reason.because) <= set(positive.tolist())
                    assert len(set(reason.because)) == len(reason.because)
                    for cause in reason.because:
                        event = int(np.flatnonzero(history.item_idx == cause)[0])
                        amounts = [
                            service.engine.sources[name].evidence(history, item.item_idx)[event]
                            for name in EVIDENCE_SOURCES
                        ]
                        assert max(amounts) > 0
                    if reason.because:
                        assert service.catalog.title[reason.because[0]] in reason.text
        assert named > 20

    def test_hits_are_the_sources_own_ranks_and_scores(self, service):
        history = service.trained_history(17)
        for item in service.recommend(history, Query(k=20)).items:
            assert item.hits
            assert sum(hit.share for hit in item.hits) == pytest.approx(1.0)
            for hit in item.hits:
                alone = service.engine.sources[hit.source].recall(history, 60)
                assert alone.item_idx[hit.rank - 1] == item.item_idx
                assert alone.score[hit.rank - 1] == np.float32(hit.score)


class TestTrace:
    def test_contributions_add_up_and_everything_is_there(self, service):
        history = service.trained_history(58)
        traced = service.trace(history, Query(k=20))
        plain = service.recommend(history, Query(k=20))
        assert traced.recommendations.items == plain.items
        assert len(traced.traces) == 20
        for trace, item in zip(traced.traces, plain.items, strict=True):
            assert trace.item == item
            assert list(trace.features) == list(FEATURE_NAMES) == list(trace.contributions)
            added = trace.base_score + sum(trace.contributions.values())
            assert added == pytest.approx(trace.raw_score, abs=1e-5)
            assert trace.raw_score == item.score
            assert not any(value is not None and np.isnan(value) for value in trace.features.values())

    def test_features_are_those_of_the_film(self, service, toy_events):
        counts = np.bincount(toy_events.item_idx, minlength=N_FILMS)
        for trace in service.trace(service.trained_history(58), Query(k=10)).traces:
            assert trace.features["item_interactions"] == counts[trace.item.item_idx]
            assert trace.features["item_year"] == service.catalog.year[trace.item.item_idx]

    def test_evidence_is_strongest_first_and_adds_up_to_the_source_s_score(self, service):
        history = service.trained_history(58)
        for trace in service.trace(history, Query(k=10)).traces:
            assert tuple(trace.evidence) == EVIDENCE_SOURCES
            for name, listed in trace.evidence.items():
                score = service.engine.sources[name].score(history)[trace.item.item_idx]
                amounts = [amount for _, amount in listed]
                assert sum(amounts) == pytest.approx(float(score), abs=1e-4)
                assert {item for item, _ in listed} <= set(history.item_idx.tolist())
                sizes = [abs(amount) for amount in amounts]
                assert sizes == sorted(sizes, reverse=True) or amounts == sorted(amounts, reverse=True)

    @pytest.mark.parametrize("generation", [Generation.V1_5, Generation.V1_SEQUENCE])
    def test_without_a_ranker_there_is_nothing_to_add_up(self, service, generation):
        traced = service.trace(service.trained_history(0), Query(k=5, generation=generation))
        for trace in traced.traces:
            assert trace.features == {}
            assert trace.contributions == {}
            assert trace.evidence.keys() == set(EVIDENCE_SOURCES)

    def test_back_filled_films_are_traced_too(self, service):
        traced = service.trace(service.trained_history(0), Query(k=1000))
        last = traced.traces[-1]
        assert last.item.item_idx in COLD
        assert (last.features, last.contributions, last.item.hits) == ({}, {}, ())
        assert last.item.match == pytest.approx(service.engine.match.base_rate)

    def test_back_filled_films_among_the_others_do_not_shift_contributions(self, service):
        traced = service.trace(service.trained_history(0), Query(k=1000, diversity=1.0))
        known = [bool(trace.features) for trace in traced.traces]
        assert known != sorted(known, reverse=True)
        for trace in traced.traces:
            if trace.features:
                added = trace.base_score + sum(trace.contributions.values())
                assert added == pytest.approx(trace.raw_score, abs=1e-5)

    def test_nobody_is_traced_without_a_crash(self, service):
        traces = service.trace(History.empty(), Query(k=5)).traces
        assert len(traces) == 5
        assert all(trace.features["user_days_since_last"] is None for trace in traces)


class TestItems:
    def test_neighbours_are_others_nearest_first(self, service):
        for item in (0, 33, 100, *COLD):
            found = service.similar(item, 12)
            indices = [neighbour.item_idx for neighbour in found]
            assert len(set(indices)) == 12
            assert item not in indices
            closeness = [neighbour.similarity for neighbour in found]
            assert closeness == sorted(closeness, reverse=True)
            assert all(0 <= value <= 1 for value in closeness)
            assert {neighbour.basis for neighbour in found} <= {
                "liked by the same people",
                "same genres and era",
            }

    def test_a_film_nobody_rated_is_compared_by_what_it_is(self, service):
        own = set(service.catalog.genres[COLD[1]])
        found = service.similar(COLD[1], 5)
        assert {neighbour.basis for neighbour in found} == {"same genres and era"}
        assert all(own & set(service.catalog.genres[neighbour.item_idx]) for neighbour in found)

    def test_more_neighbours_than_films_is_all_of_them(self, service):
        assert len(service.similar(0, 1000)) == N_FILMS - 1
        assert service.similar(0, 0) == ()

    @pytest.mark.parametrize("item_idx", [-1, N_FILMS])
    def test_an_unknown_film_is_named_with_what_there_is(self, service, item_idx):
        with pytest.raises(UnknownItemError, match=f"between 0 and {N_FILMS - 1}, got {item_idx}"):
            service.similar(item_idx, 5)

    def test_stats_are_count_and_mean(self, service, toy_events):
        rated = toy_events.rating[toy_events.item_idx == 12]
        stats = service.item_stats(12)
        assert stats.n_interactions == len(rated) > 0
        assert stats.mean_rating == pytest.approx(float(rated.mean()), rel=1e-5)
        nobody = service.item_stats(COLD[0])
        assert (nobody.mean_rating, nobody.n_interactions) == (None, 0)
