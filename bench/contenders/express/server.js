'use strict'

// Express + pg, with what its users reach for: zod for the body, pino-http for one log line per request, a pool and
// named prepared statements. Express's own advice for production is followed (NODE_ENV, no x-powered-by).

const express = require('express')
const pg = require('pg')
const pinoHttp = require('pino-http')
const { z } = require('zod')

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

const NewTransaction = z.object({ account_id: z.guid(), amount: z.int() })
const TransactionId = z.guid()
const ListQuery = z.object({ limit: z.coerce.number().int().min(1).max(1000).default(100) })

const app = express()
app.disable('x-powered-by')
app.use(pinoHttp({
  serializers: {
    req: ({ id, method, url, remoteAddress }) => ({ id, method, url, remoteAddress }),
    res: ({ statusCode }) => ({ statusCode })
  }
}))
app.use(express.json())

app.get('/ping', (request, response) => {
  response.json({ status: 'ok' })
})

app.post('/transactions', async (request, response) => {
  const body = NewTransaction.parse(request.body)
  const { rows } = await pool.query({ name: 'create', text: CREATE, values: [body.account_id, body.amount] })
  response.status(201).json(rows[0])
})

app.get('/transactions/:id', async (request, response) => {
  const id = TransactionId.parse(request.params.id)
  const { rows } = await pool.query({ name: 'get', text: GET, values: [id] })
  if (rows.length === 0) {
    response.status(404).json({ message: 'no such transaction' })
    return
  }
  response.json(rows[0])
})

app.get('/transactions', async (request, response) => {
  const { limit } = ListQuery.parse(request.query)
  const { rows } = await pool.query({ name: 'list', text: LIST, values: [limit] })
  response.json(rows)
})

// Express knows an error handler by its four parameters.
app.use((error, request, response, next) => {
  if (error instanceof z.ZodError) {
    response.status(400).json({ message: 'invalid request', issues: error.issues })
    return
  }
  next(error)
})

const server = app.listen(Number(process.env.PORT), '127.0.0.1')
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, () => {
    server.close(() => pool.end())
    server.closeIdleConnections()
  })
}
