"""What customers and suppliers get on paper: quotations, orders, invoices, requests to suppliers."""
