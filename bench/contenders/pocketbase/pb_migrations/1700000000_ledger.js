/// <reference path="../pb_data/types.d.ts" />

migrate((app) => {
  const accounts = new Collection({
    type: 'base',
    name: 'accounts',
    listRule: '',
    viewRule: '',
    fields: [
      { name: 'account_id', type: 'text', required: true, min: 36, max: 36 },
      { name: 'balance', type: 'number', onlyInt: true },
    ],
    indexes: ['CREATE UNIQUE INDEX idx_accounts_account_id ON accounts (account_id)'],
  })
  app.save(accounts)

  const transactions = new Collection({
    type: 'base',
    name: 'transactions',
    listRule: '',
    viewRule: '',
    createRule: '',
    fields: [
      { name: 'account_id', type: 'text', required: true,
        pattern: '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$' },
      { name: 'amount', type: 'number', required: true, onlyInt: true },
      { name: 'created_at', type: 'autodate', onCreate: true },
    ],
    indexes: ['CREATE INDEX idx_transactions_newest ON transactions (created_at DESC, id DESC)'],
  })
  app.save(transactions)
}, (app) => {
  app.delete(app.findCollectionByNameOrId('transactions'))
  app.delete(app.findCollectionByNameOrId('accounts'))
})
