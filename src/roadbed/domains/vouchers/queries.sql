-- name: template_for_sale
-- dialect: sqlite
SELECT title, description, price, currency, active FROM vouchers_templates WHERE id = :id

-- name: template_for_sale
-- dialect: postgres
-- Until the purchase is written nobody edits the template, nor takes it off the shelf.
SELECT title, description, price, currency, active FROM vouchers_templates WHERE id = :id FOR SHARE

-- name: voucher_by_code
SELECT id FROM vouchers WHERE code = :code
