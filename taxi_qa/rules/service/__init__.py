"""Service: refusal, orders, changes of car, complaints."""
