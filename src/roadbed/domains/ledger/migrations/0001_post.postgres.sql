-- Everything that moves money, for a whole flight of postings in one call and one transaction.
--
-- A posting has one or two legs. Legs name their account by its place in `accounts`, which holds every account of the
-- flight once, in order; so the accounts are locked in key order, and the loop below works on plain arrays. What the
-- loop decides is written by one statement per table.
--
-- Codes: 0 done, 1 replayed, 2 key reused, 3 repeated, 4 other content under a chosen id, 5 already reversed,
--        6 a balance would leave int64, 7 a balance would fall below its floor.
CREATE FUNCTION ledger_post(
    accounts uuid[],
    -- per posting
    first_leg integer[],
    last_leg integer[],
    keyed boolean,
    keys bytea[],
    fingerprints bytea[],
    outcomes text[],
    choosing boolean,
    chosen_transaction uuid[],
    chosen_transfer uuid[],
    -- per leg
    leg_id uuid[],
    leg_account integer[],
    leg_amount bigint[],
    leg_transfer uuid[],
    reversing boolean,
    leg_reverses uuid[],
    OUT codes integer[],
    OUT replays text[],
    OUT created timestamptz[],
    OUT sequences bigint[],
    OUT balances bigint[]
)
LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off
AS $$
DECLARE
    highest CONSTANT bigint := 9223372036854775807;
    lowest CONSTANT bigint := -9223372036854775808;
    tick CONSTANT interval := interval '1 microsecond';
    began timestamptz;
    state_known boolean[];
    state_balance bigint[];
    state_floor bigint[];
    state_sequence bigint[];
    state_version bigint[];
    state_last timestamptz[];
    state_touched boolean[];
    found_fingerprint bytea[];
    found_outcome text[];
    found_choice integer[];
    found_reversed boolean[];
    accepted boolean[];
    code integer;
    account integer;
    amount bigint;
    instant timestamptz;
    expected bigint;
    written bigint;
BEGIN
    IF choosing THEN
        -- No index keeps a transfer's id apart from another one's: two processes that choose the same id for other
        -- accounts would never meet. Here they do. In order of the number, before any row: no circle of waiting.
        PERFORM pg_advisory_xact_lock(c.number)
           FROM (SELECT DISTINCT uuid_hash_extended(x.id, 0)
                   FROM unnest(chosen_transfer) x (id) WHERE x.id IS NOT NULL ORDER BY 1) c (number);
    END IF;

    -- Accounts that exist are locked in key order: two flights can never wait for each other in a circle. LATERAL, here
    -- and below, is one index lookup per element, whatever the statistics said when the plan was made: a plain join
    -- planned on a table that was nearly empty then reads all of it in every later flight.
    SELECT array_agg(s.account_id IS NOT NULL),
           array_agg(coalesce(s.balance, 0)),
           array_agg(coalesce(s.min_balance, lowest)),
           array_agg(coalesce(s.sequence, 0)),
           array_agg(coalesce(s.version, 0)),
           array_agg(coalesce(s.updated_at, '-infinity'::timestamptz)),
           array_agg(false)
      INTO state_known, state_balance, state_floor, state_sequence, state_version, state_last, state_touched
      FROM (SELECT held.*
              FROM unnest(accounts) WITH ORDINALITY u (id, place)
              LEFT JOIN LATERAL (
                       SELECT a.* FROM ledger_account a WHERE a.account_id = u.id FOR UPDATE
                   ) held ON true
             ORDER BY u.place) s;

    -- The clock is read after the locks: what waited for an account is later than what it waited for.
    began := clock_timestamp();

    IF keyed THEN
        SELECT array_agg(i.fingerprint ORDER BY u.place), array_agg(i.outcome ORDER BY u.place)
          INTO found_fingerprint, found_outcome
          FROM unnest(keys) WITH ORDINALITY u (key, place)
          LEFT JOIN LATERAL (
                   SELECT f.* FROM idempotency f WHERE f.key = u.key LIMIT 1
               ) i ON i.expires_at > began;
    END IF;
    IF choosing THEN
        -- 0: free, 1: taken by the same content, 2: taken by other content
        SELECT array_agg(CASE
                   WHEN t.transaction_id IS NOT NULL THEN
                       CASE WHEN t.account_id = accounts[leg_account[p.first]] AND t.amount = leg_amount[p.first]
                                 AND t.transfer_id IS NULL AND t.reverses IS NULL THEN 1 ELSE 2 END
                   WHEN x.transfer_id IS NOT NULL THEN
                       CASE WHEN x.account_id = accounts[leg_account[p.first]] AND x.amount = leg_amount[p.first]
                                 AND y.account_id = accounts[leg_account[p.last]] AND x.reverses IS NULL
                            THEN 1 ELSE 2 END
                   ELSE 0 END ORDER BY p.place)
          INTO found_choice
          FROM unnest(chosen_transaction, chosen_transfer, first_leg, last_leg)
               WITH ORDINALITY p (transaction_id, transfer_id, first, last, place)
          LEFT JOIN LATERAL (
                   SELECT f.* FROM ledger_transaction f WHERE f.transaction_id = p.transaction_id LIMIT 1
               ) t ON true
          LEFT JOIN LATERAL (
                   SELECT f.* FROM ledger_transaction f WHERE f.transfer_id = p.transfer_id AND f.amount < 0 LIMIT 1
               ) x ON true
          LEFT JOIN LATERAL (
                   SELECT f.* FROM ledger_transaction f WHERE f.transfer_id = p.transfer_id AND f.amount > 0 LIMIT 1
               ) y ON true;
    END IF;
    IF reversing THEN
        SELECT array_agg(t.reverses IS NOT NULL ORDER BY u.place)
          INTO found_reversed
          FROM unnest(leg_reverses) WITH ORDINALITY u (reverses, place)
          LEFT JOIN LATERAL (
                   SELECT f.reverses FROM ledger_transaction f WHERE f.reverses = u.reverses LIMIT 1
               ) t ON true;
    END IF;

    created := array_fill(began, ARRAY[cardinality(leg_id)]);
    sequences := array_fill(0::bigint, ARRAY[cardinality(leg_id)]);
    balances := array_fill(0::bigint, ARRAY[cardinality(leg_id)]);
    accepted := array_fill(false, ARRAY[cardinality(leg_id)]);
    codes := array_fill(0, ARRAY[cardinality(first_leg)]);

    FOR posting IN 1 .. cardinality(first_leg) LOOP
        code := 0;
        IF keyed AND found_outcome[posting] IS NOT NULL THEN
            code := CASE WHEN found_fingerprint[posting] = fingerprints[posting] THEN 1 ELSE 2 END;
        ELSIF choosing AND found_choice[posting] > 0 THEN
            code := found_choice[posting] + 2;
        ELSE
            instant := began;
            FOR leg IN first_leg[posting] .. last_leg[posting] LOOP
                account := leg_account[leg];
                amount := leg_amount[leg];
                IF reversing AND found_reversed[leg] THEN
                    code := 5;
                ELSIF (amount > 0 AND state_balance[account] > highest - amount)
                   OR (amount < 0 AND state_balance[account] < lowest - amount) THEN
                    code := 6;
                ELSIF state_balance[account] + amount < state_floor[account] THEN
                    code := 7;
                ELSE
                    instant := greatest(instant, state_last[account] + tick);
                END IF;
                EXIT WHEN code > 0;
            END LOOP;
        END IF;
        codes[posting] := code;
        CONTINUE WHEN code > 0;
        FOR leg IN first_leg[posting] .. last_leg[posting] LOOP
            account := leg_account[leg];
            state_balance[account] := state_balance[account] + leg_amount[leg];
            state_sequence[account] := state_sequence[account] + 1;
            state_version[account] := state_version[account] + 1;
            state_last[account] := instant;
            state_touched[account] := true;
            accepted[leg] := true;
            created[leg] := instant;
            sequences[leg] := state_sequence[account];
            balances[leg] := state_balance[account];
        END LOOP;
    END LOOP;

    -- Accounts that are known are locked, so that each of these rows meets its own and becomes an UPDATE of it: by the
    -- primary key, again without a join that could be planned badly.
    INSERT INTO ledger_account AS a (account_id, balance, min_balance, sequence, version, updated_at)
    SELECT s.account_id, s.balance, NULL, s.sequence, s.version, s.last
      FROM unnest(accounts, state_known, state_touched, state_balance, state_sequence, state_version, state_last)
           s (account_id, known, touched, balance, sequence, version, last)
     WHERE s.known AND s.touched
        ON CONFLICT (account_id) DO UPDATE
       SET balance = excluded.balance, sequence = excluded.sequence, version = excluded.version,
           updated_at = excluded.updated_at;

    -- An account that another process has just begun makes this fail; the flight then runs again and sees it.
    INSERT INTO ledger_account (account_id, balance, min_balance, sequence, version, updated_at)
    SELECT s.account_id, s.balance, NULL, s.sequence, s.version, s.last
      FROM unnest(accounts, state_known, state_touched, state_balance, state_sequence, state_version, state_last)
           s (account_id, known, touched, balance, sequence, version, last)
     WHERE s.touched AND NOT s.known;

    -- In order of the id: chosen ones may meet those of another process, and must not wait in a circle.
    INSERT INTO ledger_transaction
           (transaction_id, account_id, amount, created_at, sequence, balance, transfer_id, reverses)
    SELECT l.id, accounts[l.account], l.amount, l.created, l.sequence, l.balance, l.transfer, l.reverses
      FROM unnest(leg_id, leg_account, leg_amount, created, sequences, balances, leg_transfer, leg_reverses, accepted)
           l (id, account, amount, created, sequence, balance, transfer, reverses, accepted)
     WHERE l.accepted
     ORDER BY l.id;

    IF keyed THEN
        replays := found_outcome;
        SELECT count(*) INTO expected
          FROM unnest(keys, codes) k (key, code) WHERE k.key IS NOT NULL AND k.code IN (0, 3);
        INSERT INTO idempotency AS i (key, fingerprint, outcome, expires_at)
        SELECT k.key, k.fingerprint, CASE k.code WHEN 0 THEN '201 ' ELSE '200 ' END || k.outcome,
               began + interval '24 hours'
          FROM unnest(keys, fingerprints, outcomes, codes) k (key, fingerprint, outcome, code)
         WHERE k.key IS NOT NULL AND k.code IN (0, 3)
         ORDER BY k.key
            ON CONFLICT (key) DO UPDATE
           SET fingerprint = excluded.fingerprint, outcome = excluded.outcome, expires_at = excluded.expires_at
         WHERE i.expires_at <= began;
        GET DIAGNOSTICS written = ROW_COUNT;
        IF written <> expected THEN
            -- Another process used one of the keys since we looked: run again and see it.
            RAISE unique_violation USING MESSAGE = 'an idempotency key was used by another transaction';
        END IF;
    END IF;
END
$$;
