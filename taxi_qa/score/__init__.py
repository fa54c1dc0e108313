"""From the ledger to grades: pure functions of entries, registers and law; no database, no clock."""
