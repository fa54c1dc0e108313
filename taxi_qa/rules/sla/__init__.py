"""What the companies promise of their equipment, their data and their desk (pledges 篇2, 篇4, 篇5)."""
