-- Everything that changes keys, for a whole flight of writes in one call and one transaction.
--
-- The first statement locks the feed's row: from there to its commit this is the only writer of the store, in all
-- processes, and what the following statements read stays true. No two writes of a flight share a key, so none changes
-- what another one saw.
--
-- Kinds: 0 create, 1 put, 2 delete.
-- Codes: 0 done, 1 replayed, 2 key reused, 3 exists, 4 missing, 5 condition.
CREATE FUNCTION kv_write(
    keys text[],
    names text[], -- the keys as JSON, NULL where the log keeps no body
    kinds integer[],
    vals text[],
    ttls bigint[],
    conditional boolean,
    if_match text[],
    if_none_match text[],
    keyed boolean,
    idem bytea[],
    fingerprints bytea[],
    OUT codes integer[],
    OUT existed boolean[],
    OUT replays text[],
    OUT versions bigint[],
    OUT expiries timestamptz[],
    OUT instant timestamptz
)
LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off
AS $$
DECLARE
    rfc3339 CONSTANT text := 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"';
    held bigint[];
    held_until timestamptz[];
    found_fingerprint bytea[];
    accepted bigint;
    replaced boolean;
    removing boolean;
    last bigint;
BEGIN
    SELECT f.number INTO last FROM feed f WHERE f.name = 'kv' FOR UPDATE;
    IF NOT FOUND THEN
        INSERT INTO feed AS f (name, number) VALUES ('kv', 0)
            ON CONFLICT (name) DO UPDATE SET number = f.number
        RETURNING f.number INTO last;
    END IF;

    -- The clock is read after the lock: what waited is later than what it waited for.
    instant := clock_timestamp();

    -- LATERAL is one index lookup per element, whatever the statistics said when the plan was made.
    SELECT array_agg(e.version ORDER BY u.place), array_agg(e.expires_at ORDER BY u.place)
      INTO held, held_until
      FROM unnest(keys) WITH ORDINALITY u (key, place)
      LEFT JOIN LATERAL (
               SELECT f.version, f.expires_at FROM kv_entry f WHERE f.key = u.key LIMIT 1
           ) e ON true;

    IF keyed THEN
        SELECT array_agg(i.fingerprint ORDER BY u.place), array_agg(i.outcome ORDER BY u.place)
          INTO found_fingerprint, replays
          FROM unnest(idem) WITH ORDINALITY u (key, place)
          LEFT JOIN LATERAL (
                   SELECT f.* FROM idempotency f WHERE f.key = u.key LIMIT 1
               ) i ON i.expires_at > instant;
    END IF;

    SELECT array_agg(d.code ORDER BY d.place), array_agg(d.live ORDER BY d.place),
           array_agg(d.expires_at ORDER BY d.place), count(*) FILTER (WHERE d.code = 0),
           bool_or(d.code = 0 AND d.version IS NOT NULL), bool_or(d.code = 0 AND d.kind = 2)
      INTO codes, existed, expiries, accepted, replaced, removing
      FROM (SELECT w.place, w.kind, w.version, w.live, instant + w.ttl * interval '1 second' AS expires_at,
                   CASE
                   WHEN keyed AND replays[w.place] IS NOT NULL
                   THEN CASE WHEN found_fingerprint[w.place] = fingerprints[w.place] THEN 1 ELSE 2 END
                   WHEN w.kind = 2 AND NOT w.live THEN 4
                   WHEN w.kind = 0 AND w.live THEN 3
                   WHEN conditional AND if_match[w.place] IS NOT NULL
                        AND NOT (w.live AND (if_match[w.place] = '*'
                                             OR strpos(if_match[w.place], ',' || w.version || ',') > 0)) THEN 5
                   WHEN conditional AND if_none_match[w.place] IS NOT NULL
                        AND w.live AND (if_none_match[w.place] = '*'
                                        OR strpos(if_none_match[w.place], ',' || w.version || ',') > 0) THEN 5
                   ELSE 0 END AS code
              FROM (SELECT u.*, u.version IS NOT NULL AND (u.until IS NULL OR u.until > instant) AS live
                      FROM unnest(kinds, ttls, held, held_until)
                           WITH ORDINALITY u (kind, ttl, version, until, place)) w) d;

    IF accepted = 0 THEN
        RETURN;
    END IF;

    UPDATE feed f SET number = last + accepted WHERE f.name = 'kv';
    SELECT array_agg(CASE WHEN n.code = 0 THEN last + n.rank END ORDER BY n.place)
      INTO versions
      FROM (SELECT u.code, u.place, count(*) FILTER (WHERE u.code = 0) OVER (ORDER BY u.place) AS rank
              FROM unnest(codes) WITH ORDINALITY u (code, place)) n;

    IF replaced THEN
        INSERT INTO kv_history (key, version, value, updated_at, expires_at)
        SELECT e.key, e.version, e.value, e.updated_at, e.expires_at
          FROM unnest(keys, held, codes) u (key, version, code)
          JOIN LATERAL (SELECT f.* FROM kv_entry f WHERE f.key = u.key LIMIT 1) e ON true
         WHERE u.code = 0 AND u.version IS NOT NULL;
    END IF;

    -- By the primary key, without a join that could be planned badly.
    INSERT INTO kv_entry (key, value, version, updated_at, expires_at)
    SELECT u.key, u.value, u.version, instant, u.expires_at
      FROM unnest(keys, kinds, vals, codes, versions, expiries) u (key, kind, value, code, version, expires_at)
     WHERE u.code = 0 AND u.kind <> 2
        ON CONFLICT (key) DO UPDATE
       SET value = excluded.value, version = excluded.version, updated_at = excluded.updated_at,
           expires_at = excluded.expires_at;

    IF removing THEN
        DELETE FROM kv_entry e
         WHERE e.key = ANY (ARRAY(SELECT u.key FROM unnest(keys, kinds, codes) u (key, kind, code)
                                   WHERE u.code = 0 AND u.kind = 2));
        INSERT INTO kv_history (key, version, value, updated_at, expires_at)
        SELECT u.key, u.version, NULL, instant, NULL
          FROM unnest(keys, kinds, codes, versions) u (key, kind, code, version)
         WHERE u.code = 0 AND u.kind = 2;
    END IF;

    INSERT INTO change (feed, number, key, kind, at, body)
    SELECT 'kv', u.version, u.key,
           CASE WHEN u.kind = 2 THEN 'delete' WHEN u.live THEN 'change' ELSE 'create' END, instant,
           '{"key":' || u.name || ',"value":' || u.value || ',"version":' || u.version
           || ',"updated_at":"' || to_char(instant AT TIME ZONE 'UTC', rfc3339) || '","expires_at":'
           || coalesce('"' || to_char(u.expires_at AT TIME ZONE 'UTC', rfc3339) || '"', 'null') || '}'
      FROM unnest(keys, names, kinds, vals, existed, codes, versions, expiries)
           u (key, name, kind, value, live, code, version, expires_at)
     WHERE u.code = 0;

    IF keyed THEN
        INSERT INTO idempotency (key, fingerprint, outcome, expires_at)
        SELECT k.key, k.fingerprint,
               CASE WHEN k.kind = 2 THEN '204 ' WHEN k.live THEN '200 ' ELSE '201 ' END || k.version,
               instant + interval '24 hours'
          FROM unnest(idem, fingerprints, kinds, existed, codes, versions)
               k (key, fingerprint, kind, live, code, version)
         WHERE k.key IS NOT NULL AND k.code = 0
         ORDER BY k.key
            ON CONFLICT (key) DO UPDATE
           SET fingerprint = excluded.fingerprint, outcome = excluded.outcome, expires_at = excluded.expires_at;
    END IF;
END
$$;
