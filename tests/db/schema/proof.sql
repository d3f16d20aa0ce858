-- Each type, constraint and trigger of sql/schema.awk, for tests/db/expanded.c.

-- Rows such as workers cache.
-- noted: name, tags,
-- noted: is_on
CREATE TABLE proofs (
	-- Made by the program.
	id UUID NOT NULL,
	-- Whose it is.
	user_id UUID NOT NULL,
	-- What it is called.
	name TEXT COLLATE "C" NOT NULL,
	-- Words about it.
	tags TEXT[] NOT NULL DEFAULT '{}',
	-- Facts about it.
	facts JSONB NOT NULL,
	-- Its length in metres; NULL when not known.
	distance DOUBLE PRECISION,
	-- How often it was seen.
	visits BIGINT NOT NULL DEFAULT 0,
	-- False hides it.
	is_on BOOLEAN NOT NULL DEFAULT TRUE,
	-- Who else it is for; not one of ours.
	stranger_id UUID,
	-- When it was made.
	made_at TIMESTAMPTZ(3) NOT NULL,
	-- says: id: A proof with this id already exists
	CONSTRAINT proofs_pkey PRIMARY KEY (id),
	-- says: name: You have a proof of this name already
	CONSTRAINT proofs_user_id_name_key UNIQUE (user_id, name),
	CONSTRAINT proofs_user_id_fkey FOREIGN KEY (user_id)
		REFERENCES users (id) ON DELETE CASCADE,
	CONSTRAINT proofs_visits_check CHECK (visits >= 0)
);
CREATE INDEX proofs_made_at_idx ON proofs (made_at DESC, id DESC);

-- Rows that nobody caches.
CREATE TABLE proof_parts (
	-- Made by the program.
	id UUID NOT NULL,
	-- What it is a part of.
	proof_id UUID NOT NULL,
	-- One part is the first.
	is_first BOOLEAN NOT NULL,
	-- says: id: A part with this id already exists
	CONSTRAINT proof_parts_pkey PRIMARY KEY (id),
	CONSTRAINT proof_parts_proof_id_fkey FOREIGN KEY (proof_id)
		REFERENCES proofs (id) ON DELETE CASCADE
);
-- says: is_first: This proof has its first part already
CREATE UNIQUE INDEX proof_parts_first_idx ON proof_parts (proof_id) WHERE is_first;

-- When it ended; NULL before.
-- noted: none
ALTER TABLE proofs ADD COLUMN ended_at TIMESTAMPTZ(3);
-- What else there is.
ALTER TABLE proof_parts ADD COLUMN more JSONB NOT NULL DEFAULT '{}';
