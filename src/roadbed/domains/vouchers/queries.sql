-- name: template_for_sale
-- dialect: sqlite
SELECT title, description, price, currency, active FROM vouchers_templates WHERE id = :id

-- name: template_for_sale
-- dialect: postgres
-- Until the purchase is written nobody edits the template, nor takes it off the shelf.
SELECT title, description, price, currency, active FROM vouchers_templates WHERE id = :id FOR SHARE

-- name: voucher_by_code
SELECT id FROM vouchers WHERE code = :code

-- What has expired and is not said to be yet counts as what it is.
-- name: sold
-- dialect: sqlite
SELECT currency, CASE WHEN status = 'purchased' AND expires_at <= :now THEN 'expired' ELSE status END AS state,
       total(price) AS value
  FROM vouchers
 GROUP BY 1, 2
 ORDER BY 1, 2

-- name: sold
-- dialect: postgres
SELECT currency, CASE WHEN status = 'purchased' AND expires_at <= :now THEN 'expired' ELSE status END AS state,
       CAST(sum(price) AS double precision) AS value
  FROM vouchers
 GROUP BY 1, 2
 ORDER BY 1, 2
