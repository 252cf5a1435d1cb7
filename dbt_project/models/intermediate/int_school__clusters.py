"""Finer clusters of schools by their profile: seeded k-means inside each municipality and year.

The centres start from the profiles of the seed ``clusters`` (Basu, Banerjee, Mooney: Semi-supervised
clustering by seeding, 2002), and each of these profiles takes part with the weight of ``cluster_seed_pct``
percent of the schools. So every centre keeps the meaning of its words, a small municipality can be clustered,
and one school more moves the others little.

One row per school and year that has a profile.
"""

AXES = ("exam_level", "vpr_level", "exam_dynamics", "vpr_dynamics")
DECIMALS = (
    9  # distances that differ less are equal, whatever the processor; the first cluster of the seed wins
)


def assign(profiles, seeds, seed_pct):
    """The place in ``seeds`` of the cluster of each school.

    Args:
        profiles: schools x axes, shares of points from 0 to 1, in any order.
        seeds: clusters x axes, the profiles from which the centres start.
        seed_pct: the weight of each seed, percent of the schools.

    Returns:
        As many integers as there are schools; they depend on the set of profiles only.
    """
    import numpy as np
    from sklearn.cluster import KMeans

    # Sums of floats depend on their order: the fit sees the schools sorted by profile.
    order = np.lexsort(profiles.T)
    points = np.vstack([profiles[order], seeds])
    weights = np.concatenate([np.ones(len(profiles)), np.full(len(seeds), len(profiles) * seed_pct / 100)])
    fit = KMeans(n_clusters=len(seeds), init=seeds, n_init=1, tol=0, random_state=0)
    centres = fit.fit(points, sample_weight=weights).cluster_centers_
    distances = ((profiles[:, None, :] - centres[None, :, :]) ** 2).sum(axis=2)
    return distances.round(DECIMALS).argmin(axis=1)


def clustered(rows, seeds, seed_pct):
    """The clusters of all municipalities and years.

    Args:
        rows: municipality, reporting year, edition, school and its axes, in any order.
        seeds: edition, cluster and its axes, in the order in which ties are decided.
        seed_pct: percent by edition.

    Returns:
        ``(school_id, reporting_year, cluster)`` of each row.
    """
    import numpy as np
    from threadpoolctl import threadpool_limits

    districts = {}
    for row in rows:
        districts.setdefault(row[:3], []).append(row)
    found = []
    with threadpool_limits(limits=1):  # one order of summation
        for (_, year, version), members in districts.items():
            names = [seed[1] for seed in seeds if seed[0] == version]
            starts = np.array([seed[2:] for seed in seeds if seed[0] == version], dtype=float)
            profiles = np.array([row[4:] for row in members], dtype=float)
            places = assign(profiles, starts, seed_pct[version])
            found += [(row[3], year, names[place]) for row, place in zip(members, places, strict=True)]
    return found


def remembered(path, key, compute):
    """What ``compute`` gave for this ``key`` the last time, else what it gives now.

    To import scikit-learn takes longer than to cluster a region, and most files change no profile.
    """
    import json

    try:
        kept = json.loads(path.read_text(encoding="utf-8")) if path else {}
    except (OSError, ValueError):
        kept = {}
    if kept.get("key") == key:
        return kept["found"]
    found = compute()
    if path:
        path.write_text(json.dumps({"key": key, "found": found}), encoding="utf-8")
    return found


def fingerprint(*inputs):
    """A hash of inputs, of this code and of the library."""
    import hashlib
    from importlib.metadata import version
    from pathlib import Path

    code = Path(__file__).read_text(encoding="utf-8")
    return hashlib.sha256(repr((inputs, code, version("scikit-learn"))).encode()).hexdigest()


def model(dbt, session):
    import json
    from pathlib import Path

    dbt.config(materialized="table")
    rows = dbt.ref("int_school__profile").project(
        "municipality_id, reporting_year, methodology_version, school_id, " + ", ".join(AXES)
    )
    seeds = (
        dbt.ref("clusters")
        .order("methodology_version, sort_order")
        .project("methodology_version, cluster, " + ", ".join(f"{axis}_pct / 100" for axis in AXES))
        .fetchall()
    )
    seed_pct = (
        dbt.ref("parameters")
        .filter("parameter = 'cluster_seed_pct'")
        .project("methodology_version, value")
        .order("methodology_version")
        .fetchall()
    )
    schools = rows.order("school_id, reporting_year").fetchall()
    (build_file,) = session.execute(
        "select path from duckdb_databases() where database_name = current_database()"
    ).fetchone()
    found = remembered(
        Path(build_file).with_name("clusters.json") if build_file else None,
        fingerprint(schools, seeds, seed_pct),
        lambda: clustered(schools, seeds, dict(seed_pct)) if schools else [],
    )
    # A literal and no parameter: with one, DuckDB imports pandas, which takes longer than all the rest.
    literal = json.dumps(found, ensure_ascii=False).replace("'", "''")
    session.execute(
        "create or replace temp table found_clusters as"
        " select row[1] as school_id, row[2]::integer as reporting_year, row[3] as cluster"
        f" from (select unnest(from_json('{literal}', '[[\"VARCHAR\"]]')) as row)"
    )
    return session.table("found_clusters")
