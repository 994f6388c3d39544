'use strict'

// Fastify + pg, as the documentation of both advises: JSON schemas for what comes in and goes out (Ajv and
// fast-json-stringify), a pool, named prepared statements, one statement per request.

const { LogController, fastify } = require('fastify')
const pg = require('pg')

// int8 arrives as text unless told otherwise; the schema below keeps amounts within what a number holds exactly.
pg.types.setTypeParser(pg.types.builtins.INT8, Number)

const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 10 })

// The insert and the balance are one statement: one transaction, one round trip.
const CREATE = `
  WITH account AS (
    INSERT INTO accounts (account_id, balance) VALUES ($1, $2)
    ON CONFLICT (account_id) DO UPDATE SET balance = accounts.balance + excluded.balance
  )
  INSERT INTO transactions (account_id, amount) VALUES ($1, $2)
  RETURNING transaction_id, account_id, amount, created_at`

const GET = 'SELECT transaction_id, account_id, amount, created_at FROM transactions WHERE transaction_id = $1'

const LIST = `
  SELECT transaction_id, account_id, amount, created_at FROM transactions
  ORDER BY created_at DESC, transaction_id DESC LIMIT $1`

// A trigger keeps what is replaced, in the same transaction (../schema.sql).
const PUT_VALUE = `
  INSERT INTO kv AS k (key, value) VALUES ($1, $2)
  ON CONFLICT (key) DO UPDATE SET value = excluded.value, version = k.version + 1, updated_at = now()
  RETURNING key, value, version, updated_at`

const GET_VALUE = 'SELECT key, value, version, updated_at FROM kv WHERE key = $1'

const HISTORY = `
  SELECT key, value, version, updated_at FROM kv WHERE key = $1
  UNION ALL SELECT key, value, version, updated_at FROM kv_history WHERE key = $1
  ORDER BY version DESC LIMIT 1000`

const transaction = {
  type: 'object',
  properties: {
    transaction_id: { type: 'string', format: 'uuid' },
    account_id: { type: 'string', format: 'uuid' },
    amount: { type: 'integer' },
    created_at: { type: 'string', format: 'date-time' }
  }
}

const createSchema = {
  body: {
    type: 'object',
    required: ['account_id', 'amount'],
    properties: {
      account_id: { type: 'string', format: 'uuid' },
      amount: { type: 'integer', minimum: Number.MIN_SAFE_INTEGER, maximum: Number.MAX_SAFE_INTEGER }
    }
  },
  response: { 201: transaction }
}

const getSchema = {
  params: { type: 'object', properties: { id: { type: 'string', format: 'uuid' } } },
  response: { 200: transaction }
}

const listSchema = {
  querystring: {
    type: 'object',
    properties: { limit: { type: 'integer', minimum: 1, maximum: 1000, default: 100 } }
  },
  response: { 200: { type: 'array', items: transaction } }
}

const entry = {
  type: 'object',
  properties: {
    key: { type: 'string' },
    value: {},
    version: { type: 'integer' },
    updated_at: { type: 'string', format: 'date-time' }
  }
}

const key = { type: 'object', properties: { '*': { type: 'string', minLength: 1, maxLength: 255 } } }

const putValueSchema = {
  params: key,
  body: { type: 'object', required: ['value'], additionalProperties: false, properties: { value: {} } },
  response: { 200: entry, 201: entry }
}

const getValueSchema = {
  params: key,
  querystring: { type: 'object', properties: { history: { type: 'boolean', default: false } } },
  response: { 200: entry }
}

// One line per request, where the default writes two (received, completed): the same news at half the price.
class OneLine extends LogController {
  incomingRequest () {}

  requestCompleted (error, request, reply) {
    const line = { req: request, res: reply, responseTime: reply.elapsedTime }
    if (error) {
      reply.log.error({ ...line, err: error }, 'request errored')
    } else {
      reply.log.info(line, 'request completed')
    }
  }
}

const app = fastify({ logger: true, logController: new OneLine() })

app.get('/ping', async () => ({ status: 'ok' }))

app.post('/transactions', { schema: createSchema }, async (request, reply) => {
  const { account_id: accountId, amount } = request.body
  const { rows } = await pool.query({ name: 'create', text: CREATE, values: [accountId, amount] })
  return reply.code(201).send(rows[0])
})

app.get('/transactions/:id', { schema: getSchema }, async (request, reply) => {
  const { rows } = await pool.query({ name: 'get', text: GET, values: [request.params.id] })
  if (rows.length === 0) return reply.code(404).send({ message: 'no such transaction' })
  return rows[0]
})

app.get('/transactions', { schema: listSchema }, async (request) => {
  const { rows } = await pool.query({ name: 'list', text: LIST, values: [request.query.limit] })
  return rows
})

app.put('/kv/*', { schema: putValueSchema }, async (request, reply) => {
  const values = [request.params['*'], JSON.stringify(request.body.value)]
  const { rows } = await pool.query({ name: 'put-value', text: PUT_VALUE, values })
  return reply.code(rows[0].version === 1 ? 201 : 200).send(rows[0])
})

app.get('/kv/*', { schema: getValueSchema }, async (request, reply) => {
  const values = [request.params['*']]
  if (request.query.history) {
    const { rows } = await pool.query({ name: 'history', text: HISTORY, values })
    return reply.serializer(JSON.stringify).send(rows)
  }
  const { rows } = await pool.query({ name: 'get-value', text: GET_VALUE, values })
  if (rows.length === 0) return reply.code(404).send({ message: 'no such key' })
  return rows[0]
})

for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, async () => {
    await app.close()
    await pool.end()
  })
}

app.listen({ host: '127.0.0.1', port: Number(process.env.PORT) })
